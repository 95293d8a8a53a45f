import type { Connection } from './world.js';

export interface WorkerOptions {
  /** The application's database. */
  readonly url: string;
  readonly connection: Connection;
  /** With one broker only. */
  readonly parksKeys: boolean;
  /** The process's name: its connections, members and senders are called so. */
  readonly name: string;
  /** Where it writes down what it does. */
  readonly file: string;
  readonly seed: number;
  readonly sessionTimeoutMs: number;
  readonly accounts: number;
  readonly partitions: number;
  /** False: it only handles what is there. */
  readonly isPublishing: boolean;
  readonly plant: string | undefined;
}

/** What it is told. `say-when-handling`: it answers from within the next call of a handler, which then takes a while. */
export type WorkerOrder = 'stop-publishing' | 'say-when-handling';

/** What it tells: its members run; a handler is in the middle of its transaction; every transaction that it began has an end. */
export type WorkerAnswer = 'attached' | 'handling' | 'stopped-publishing';
