import type { INestApplication, NestHybridApplicationOptions } from '@nestjs/common';
import type { AsyncMicroserviceOptions, CustomStrategy } from '@nestjs/microservices';
import { PostlogServer } from './postlog.server.js';

/**
 * Attaches the transport to an HTTP application; `app.startAllMicroservices()` starts consuming. Global pipes, guards,
 * interceptors and filters apply to handlers too (`inheritAppConfig: true`, unlike Nest's own default).
 */
export function connectPostlog(
  app: INestApplication,
  options: NestHybridApplicationOptions = { inheritAppConfig: true },
): void {
  app.connectMicroservice<CustomStrategy>({ strategy: app.get(PostlogServer) }, options);
}

/** Options for `NestFactory.createMicroservice`: an application that only consumes. */
export function postlogMicroservice(): AsyncMicroserviceOptions {
  return { inject: [PostlogServer], useFactory: (strategy: PostlogServer) => ({ strategy }) };
}
