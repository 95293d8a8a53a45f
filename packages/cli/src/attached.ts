import type { Command } from 'commander';
import { connect, PostlogError, type Postlog } from '@postlog/core';

export interface Output {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

export interface Connection {
  readonly url?: string;
  readonly schema: string;
}

/** Works on the broker that the command line names. */
export async function attached(program: Command, work: (postlog: Postlog) => Promise<void>): Promise<void> {
  const { url = process.env['DATABASE_URL'], schema } = program.opts<Connection>();
  if (url === undefined || url === '') throw new PostlogError('INVALID_CONFIG', 'give --url or set DATABASE_URL.');
  const postlog = await connect({ url, schema, services: false, clientId: 'postlog-cli' });
  try {
    await work(postlog);
  } finally {
    await postlog.close();
  }
}
