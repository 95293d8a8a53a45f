import pg from 'pg';
import type { Logger } from '../runtime/logger.js';

/** Ends transactions of handlers that hang: what they locked is free then. */
const LONGEST_REST_MS = 300_000;
const BEGIN = `begin isolation level read committed; set local idle_in_transaction_session_timeout = ${LONGEST_REST_MS}`;

/**
 * Transactions in which users' code runs, on connections of their own, with `pg`'s usual types. A connection lives as long as the pool: what it prepared and
 * locked ends with each transaction.
 */
export class TransactionPool {
  readonly #pool: pg.Pool;

  constructor(config: pg.ClientConfig, size: number, logger: Logger) {
    this.#pool = new pg.Pool({ ...config, max: size });
    const onError = (error: Error) => logger.debug('a connection was lost', { reason: error.message });
    this.#pool.on('error', onError);
    this.#pool.on('connect', (client) => client.on('error', onError));
  }

  /**
   * Runs `work` in a transaction, then the statement that it answers and the commit, in one message. That statement takes no parameters.
   *
   * @throws whatever `work` does, after a rollback; errors of `pg`: the outcome is unknown if the connection broke in the commit
   */
  async run(work: (client: pg.PoolClient) => Promise<string>): Promise<void> {
    const client = await this.#pool.connect();
    let isBroken = false;
    try {
      await client.query(BEGIN);
      const last = await work(client);
      await client.query(`${last}; commit`);
    } catch (error) {
      await client.query('rollback').catch(() => (isBroken = true)); // The first error is the one to tell.
      throw error;
    } finally {
      client.release(isBroken);
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}
