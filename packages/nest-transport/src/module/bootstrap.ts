import type { INestApplication, NestHybridApplicationOptions } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { AsyncMicroserviceOptions, CustomStrategy } from '@nestjs/microservices';
import { PostlogError } from '@postlog/core';
import { PostlogServer } from '../consume/postlog.server.js';
import { tokenOf } from './tokens.js';

/**
 * Attaches the transport to an HTTP application, with all its connections; `app.startAllMicroservices()` starts consuming. Global
 * pipes, guards, interceptors and filters apply to handlers too (`inheritAppConfig: true`, unlike Nest's own default).
 *
 * @throws PostlogError `INVALID_CONFIG` for handlers that cannot work, with the line to change.
 */
export function connectPostlog(app: INestApplication, options: NestHybridApplicationOptions = {}): void {
  const servers = postlogServers(app);
  if (servers.length === 0)
    throw new PostlogError('INVALID_CONFIG', 'no PostlogModule is there; import PostlogModule.forRoot({ … }).');
  for (const strategy of servers) {
    app.connectMicroservice<CustomStrategy>({ strategy }, { inheritAppConfig: true, ...options });
  }
}

/** The servers of all connections of an application. */
export function postlogServers(app: INestApplication): readonly PostlogServer[] {
  const providers = app.get(DiscoveryService, { strict: false }).getProviders();
  return [...new Set(providers.map(({ instance }) => instance as unknown).filter(isServer))];
}

/** Options for `NestFactory.createMicroservice`: an application that only consumes, from one connection. */
export function postlogMicroservice(connection?: string): AsyncMicroserviceOptions {
  return {
    inject: [tokenOf(PostlogServer, connection)],
    useFactory: (strategy: PostlogServer) => ({ strategy }),
  };
}

function isServer(instance: unknown): instance is PostlogServer {
  return instance instanceof PostlogServer;
}
