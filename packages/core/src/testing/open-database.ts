import { Database } from '../postgres/database.js';
import { systemClock } from '../runtime/clock.js';
import { silentLogger } from '../runtime/logger.js';

/** A pool of its own on this database: one more process, as far as Postgres can tell. */
export function openDatabase(
  url: string,
  options: { readonly schema?: string; readonly requestTimeout?: number } = {},
): Database {
  return new Database({
    url,
    schema: options.schema ?? 'postlog',
    clientId: 'spec',
    poolSize: 3,
    connectionTimeout: 10_000,
    requestTimeout: options.requestTimeout ?? 30_000,
    clock: systemClock,
    logger: silentLogger,
  });
}
