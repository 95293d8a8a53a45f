export { Cleanup, within, type Undo } from './cleanup.js';
export { ClusterProcesses, type ClusterProcessesOptions, type ClusterSettings } from './cluster-processes.js';
export { type BrokerPart } from './cluster-broker.js';
export { startEmbeddedPostgres, type EmbeddedServer, type EmbeddedServerOptions } from './embedded-postgres.js';
export { freePort } from './free-port.js';
export { startServiceProcess, type ServiceProcess } from './service-process.js';
export { MISTAKES } from './simulation-mistakes.js';
export { simulate } from './simulation.js';
export { testDatabase, type TestDatabase } from './test-database.js';
