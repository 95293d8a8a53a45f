import { openSync, writeSync } from 'node:fs';
import pg from 'pg';
import { BEGIN, COMMIT, ROLLBACK } from './business.store.js';
import { now, type TransactionEvent } from './events.js';
import type { WorkerOptions } from './worker-options.js';
import { randomOf } from '../schedule.js';

type Untimed<Event> = Event extends { readonly at: number } ? Omit<Event, 'at'> : Event;

/** What all loops of a worker's process share. */
export interface WorkerContext {
  readonly options: WorkerOptions;
  readonly random: () => number;
  /** Written down before anything else happens. */
  readonly say: (event: Untimed<TransactionEvent>) => void;
  readonly isPublishing: () => boolean;
  /** In the middle of a handler's transaction. */
  readonly onHandling: () => Promise<void>;
}

export function workerContext(
  options: WorkerOptions,
  told: Pick<WorkerContext, 'isPublishing' | 'onHandling'>,
): WorkerContext {
  const file = openSync(options.file, 'a');
  return {
    options,
    random: randomOf(options.seed),
    say: (event) => void writeSync(file, `${JSON.stringify({ ...event, at: now() })}\n`),
    ...told,
  };
}

export const pause = (ms: number) => new Promise<void>((wake) => setTimeout(wake, ms));

/** A connection of the application's own, known by the process's name. */
export function clientSettings({ url, name }: WorkerOptions): pg.ClientConfig {
  return { connectionString: url, application_name: name, connectionTimeoutMillis: 3_000, query_timeout: 20_000 };
}

/** Runs `work` on a connection, over and over while the worker publishes; one that fails is thrown away with its transaction. */
export async function whilePublishing(
  { options, isPublishing }: WorkerContext,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  let client: pg.Client | undefined;
  while (isPublishing()) {
    try {
      if (client === undefined) {
        const opened = new pg.Client(clientSettings(options));
        opened.on('error', () => {});
        await opened.connect();
        client = opened;
      }
      await work(client);
    } catch {
      await client?.end().catch(() => {});
      client = undefined;
      await pause(100);
    }
  }
  await client?.end().catch(() => {});
}

export async function inTransaction(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    await client.query(BEGIN.readCommitted);
    await work(client);
    await client.query(COMMIT);
    isBroken = false;
  } catch (error) {
    await client.query(ROLLBACK).catch(() => {});
    throw error;
  } finally {
    client.release(isBroken);
  }
}
