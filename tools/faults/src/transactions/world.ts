import type { ConnectOptions } from '@postlog/core';
import type { EmbeddedServer } from '@postlog/core/testing';
import { PLACES_OF_A_BROKER } from './business.store.js';
import type { FaultKind } from './events.js';

/** How every process reaches the log; it goes through JSON. */
export type Connection = Pick<ConnectOptions, 'url' | 'brokers' | 'metadata' | 'applications'>;

/** Where a run's log is, and the database of its application, in which everybody's transactions are; and what of it can be taken down. */
export interface TransactionsWorld {
  /** The application's database. */
  readonly url: string;
  readonly connection: Connection;
  /** Of every topic. */
  readonly topicSettings: {
    readonly replicationFactor: number;
    readonly configEntries: readonly { readonly name: string; readonly value: string }[];
  };
  readonly isCluster: boolean;
  /** What tells the application's database which partition is which, made when all topics are there. */
  places(topics: readonly string[]): Promise<string>;
  /** Takes a server down; the answer brings it back. */
  crash(kind: FaultKind): Promise<() => Promise<void>>;
  /** Tells of what has ended though no fault made it end. */
  onEnded(tell: (proc: string, lastLines: string) => void): void;
}

/** One Postgres server, which is the broker and has the application's tables too. */
export async function oneBroker(server: EmbeddedServer): Promise<TransactionsWorld> {
  const url = await server.createDatabase('transactions');
  return {
    url,
    connection: { url },
    topicSettings: { replicationFactor: 1, configEntries: [] },
    isCluster: false,
    places: () => Promise.resolve(PLACES_OF_A_BROKER),
    crash: async (kind) => {
      const { pid } = server;
      if (kind === 'kill-postgres') await server.kill();
      else if (pid !== undefined) process.kill(pid, 'SIGQUIT'); // As `pg_ctl stop -m immediate` does.
      return () => server.start();
    },
    onEnded: () => {},
  };
}
