export { Cleanup, within, type Undo } from './cleanup.js';
export { startEmbeddedPostgres, type EmbeddedServer, type EmbeddedServerOptions } from './embedded-postgres.js';
export { freePort } from './free-port.js';
export { testDatabase, type TestDatabase } from './test-database.js';
