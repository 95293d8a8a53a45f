import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { PostlogError } from '../errors/postlog-error.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { withDeadline } from '../runtime/deadline.js';
import { CopyRowReader, type CopyRow } from './copy-out.js';
import { toPostlogError } from './postgres-error.js';
import { RESULT_TYPES } from './result-types.js';
import { inSchema, type Statement } from './statement.js';
import { TransactionPool } from './transaction-pool.js';

/** Runs statements one after another on one connection. */
export interface Session {
  query<Row>(statement: Statement, parameters?: readonly unknown[]): Promise<Row[]>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly schema: string;
  readonly clientId: string;
  /** Most connections of the pool; a listener's is beside it. */
  readonly poolSize: number;
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A connection lives this long, since a backend keeps memory for every table it ever touched. */
const CONNECTION_LIFETIME_SECONDS = 900;

/**
 * The door to one Postgres database: a small pool, and a deadline on everything.
 *
 * A statement is one autocommit round trip, never prepared by name, with no session state: a pooler in transaction mode
 * may stand between. A client whose deadline passed is destroyed, never reused (a late answer would reach the next caller);
 * errors of idle and of checked-out clients are heard, so that none ends the process.
 */
export class Database implements Session {
  readonly schema: string;
  readonly #pool: pg.Pool;
  readonly #options: DatabaseOptions;
  readonly #texts = new Map<Statement, string>();

  constructor(options: DatabaseOptions) {
    this.schema = options.schema;
    this.#options = options;
    this.#pool = new pg.Pool({
      ...clientConfig(options),
      max: options.poolSize,
      maxLifetimeSeconds: CONNECTION_LIFETIME_SECONDS,
      idleTimeoutMillis: 60_000,
    });
    const onError = (error: Error) => options.logger.debug('a connection was lost', { reason: error.message });
    this.#pool.on('error', onError);
    this.#pool.on('connect', (client) => client.on('error', onError));
  }

  /** One autocommit statement; its rows. @throws PostlogError, with `outcome: 'unknown'` if the answer was lost. */
  async query<Row>(statement: Statement, parameters: readonly unknown[] = []): Promise<Row[]> {
    return this.#withClient(this.#options.requestTimeout, async (client) => {
      const result = await client.query({ text: this.#text(statement), values: [...parameters] });
      return result.rows as Row[];
    });
  }

  /** The one row that a statement must answer. */
  async one<Row>(statement: Statement, parameters: readonly unknown[] = []): Promise<Row> {
    const [row] = await this.query<Row>(statement, parameters);
    if (row === undefined) throw new PostlogError('UNKNOWN_SERVER_ERROR', `${statement.name} answered no row.`);
    return row;
  }

  /** Several statements in one transaction, `read committed`. For migrations only: nothing else holds locks across round trips. */
  async transaction<T>(work: (session: Session) => Promise<T>, deadlineMs: number): Promise<T> {
    return this.#withClient(deadlineMs, async (client) => {
      const session: Session = {
        query: async <Row>(statement: Statement, parameters: readonly unknown[] = []) =>
          (await client.query({ text: this.#text(statement), values: [...parameters] })).rows as Row[],
      };
      await client.query('begin isolation level read committed');
      try {
        const answer = await work(session);
        await client.query('commit');
        return answer;
      } catch (error) {
        await client.query('rollback').catch(() => {}); // The first error is the one to tell.
        throw error;
      }
    });
  }

  /**
   * `copy (…) to stdout (format binary)`: the fast way to read large `bytea`.
   * `copy` takes no parameters, so the statement's `$1` … are replaced here, by integers and arrays of integers only.
   */
  async copyOut(
    statement: Statement,
    integers: readonly (number | readonly (number | bigint)[])[],
  ): Promise<CopyRow[]> {
    const text = this.#text(statement).replace(/\$(\d+)/g, (_, place: string) => literal(integers[Number(place) - 1]));
    return this.#withClient(this.#options.requestTimeout, async (client) => {
      const reader = new CopyRowReader();
      for await (const piece of client.query(copyTo(`copy (${text}) to stdout (format binary)`))) {
        reader.push(piece as Buffer);
      }
      return reader.end();
    });
  }

  /** Connections of their own for transactions in which users' code runs; the caller closes it. */
  openTransactions(size: number): TransactionPool {
    return new TransactionPool({ ...clientConfig(this.#options), types: pg.types }, size, this.#options.logger);
  }

  /** A connection of its own, outside the pool, for `listener.ts`. */
  createClient(): pg.Client {
    return new pg.Client(clientConfig(this.#options));
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  #text(statement: Statement): string {
    let text = this.#texts.get(statement);
    if (text === undefined) this.#texts.set(statement, (text = inSchema(statement.text, this.schema)));
    return text;
  }

  async #withClient<T>(deadlineMs: number, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#acquire();
    let isBroken = false;
    const refuse = () => {
      isBroken = true;
      throw new PostlogError(
        'REQUEST_TIMED_OUT',
        `Postgres did not answer within ${deadlineMs} ms; raise requestTimeout, or look for what blocks it in pg_stat_activity.`,
        { outcome: 'unknown' },
      );
    };
    try {
      return await withDeadline(this.#options.clock, deadlineMs, work(client), refuse);
    } catch (error) {
      const translated = toPostlogError(error, { sent: true });
      isBroken ||= translated.outcome === 'unknown';
      throw translated;
    } finally {
      client.release(isBroken);
    }
  }

  async #acquire(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw toPostlogError(error, { sent: false });
    }
  }
}

function clientConfig(options: DatabaseOptions): pg.ClientConfig {
  return {
    connectionString: options.url,
    application_name: `postlog:${options.clientId}`.slice(0, 63),
    connectionTimeoutMillis: options.connectionTimeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: RESULT_TYPES as pg.CustomTypesConfig,
  };
}

function literal(value: number | readonly (number | bigint)[] | undefined): string {
  const integers = typeof value === 'number' ? [value] : (value ?? []);
  for (const integer of integers) {
    if (typeof integer !== 'bigint' && !Number.isSafeInteger(integer)) {
      throw new PostlogError('UNKNOWN_SERVER_ERROR', 'only integers may be composed into SQL.');
    }
  }
  return typeof value === 'number' ? String(value) : `'{${integers.join(',')}}'`;
}
