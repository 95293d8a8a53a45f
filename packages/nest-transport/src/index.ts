export { connectPostlog, postlogMicroservice } from './bootstrap.js';
export { PostlogClient } from './postlog.client.js';
export { PostlogContext } from './postlog.context.js';
export { PostlogModule } from './postlog.module.js';
export type { PostlogModuleOptions } from './postlog.options.js';
export { PostlogProducer, type OutgoingRecord, type SendOptions } from './postlog.producer.js';
export { PostlogServer, type PostlogServerEvents, type PostlogStatus } from './postlog.server.js';
export { Subscribe, type SubscribeOptions } from './subscribe.decorator.js';
export { POSTLOG, POSTLOG_TRANSPORT } from './tokens.js';
