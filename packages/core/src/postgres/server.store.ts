import { PostlogError } from '../errors/postlog-error.js';
import type { Logger } from '../runtime/logger.js';
import type { Database } from './database.js';
import type { Statement } from './statement.js';

const OLDEST_SERVER = 150000;

const DESCRIBE_SERVER: Statement = {
  name: 'describe_server',
  text: /* sql */ `
    select current_setting('server_version_num')::integer as version,
           current_setting('server_version') as version_name,
           pg_is_in_recovery() as is_standby,
           current_setting('server_encoding') as encoding,
           current_setting('default_transaction_isolation') as isolation,
           current_setting('default_transaction_read_only') as read_only,
           current_setting('fsync') as fsync,
           current_setting('full_page_writes') as full_page_writes`,
};

interface ServerRow {
  readonly version: number;
  readonly version_name: string;
  readonly is_standby: boolean;
  readonly encoding: string;
  readonly isolation: string;
  readonly read_only: string;
  readonly fsync: string;
  readonly full_page_writes: string;
}

/**
 * Whether this database can be a broker's.
 *
 * @throws PostlogError `UNSUPPORTED_DATABASE` or `INVALID_CONFIG`, with the cure.
 */
export async function checkServer(database: Database, logger: Logger): Promise<void> {
  const server = await database.one<ServerRow>(DESCRIBE_SERVER);
  if (server.version < OLDEST_SERVER) {
    throw new PostlogError('UNSUPPORTED_DATABASE', `the server is PostgreSQL ${server.version_name}; use 15 or newer.`);
  }
  if (server.is_standby) {
    throw new PostlogError(
      'UNSUPPORTED_DATABASE',
      'the server is a standby; connect to the primary, a broker is never a standby.',
    );
  }
  if (server.encoding !== 'UTF8') {
    throw new PostlogError(
      'UNSUPPORTED_DATABASE',
      `the database's encoding is ${server.encoding}; create one with encoding UTF8.`,
    );
  }
  if (server.isolation !== 'read committed' || server.read_only !== 'off') {
    throw new PostlogError(
      'INVALID_CONFIG',
      `the role's sessions begin ${server.isolation}${server.read_only === 'off' ? '' : ', read only'}; run "alter role … set ` +
        `default_transaction_isolation = 'read committed'" and "… default_transaction_read_only = off" for the role in the url.`,
    );
  }
  if (server.fsync === 'off' || server.full_page_writes === 'off') {
    logger.warn('fsync or full_page_writes is off: acknowledged records do not survive a crash of the machine');
  }
}
