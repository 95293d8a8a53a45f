export { Cleanup, within, type Undo } from './cleanup.js';
export { ClusterProcesses, type ClusterProcessesOptions, type ClusterSettings } from './cluster-processes.js';
export { type BrokerPart } from './cluster-broker.js';
export { startEmbeddedPostgres, type EmbeddedServer, type EmbeddedServerOptions } from './embedded-postgres.js';
export { freePort } from './free-port.js';
export { startServiceProcess, type ServiceProcess } from './service-process.js';
export { MISTAKES, type Mistake } from './simulation-mistakes.js';
export { simulate, type SimulationOptions } from './simulation.js';
export { testDatabase, type TestDatabase } from './test-database.js';
