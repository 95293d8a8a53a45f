import type { Command } from 'commander';
import { connect, type Postlog } from '@postlog/core';
import { readConnection, type ConnectionOptions } from './connection.js';

export interface Output {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

/** Works on the broker, or the cluster, that the command line names. */
export async function attached(program: Command, work: (postlog: Postlog) => Promise<void>): Promise<void> {
  const options = program.opts<ConnectionOptions>();
  const target = readConnection(options, process.env);
  const postlog = await connect({ ...target, schema: options.schema, services: false, clientId: 'postlog-cli' });
  try {
    await work(postlog);
  } finally {
    await postlog.close();
  }
}
