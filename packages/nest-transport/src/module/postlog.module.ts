import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type DynamicModule,
  type InjectionToken,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { connect, PostlogError } from '@postlog/core';
import { PostlogServer } from '../consume/postlog.server.js';
import { PostlogDeadLetters } from '../dead-letters/postlog-dead-letters.js';
import { PostlogHealthIndicator } from '../health/postlog-health.indicator.js';
import { PostlogClient } from '../publish/postlog.client.js';
import { PostlogProducer } from '../publish/postlog.producer.js';
import { TopicDirectory } from '../topic/topic-directory.js';
import type { AnyTopic } from '../topic/topic.js';
import { openConnection, type ConnectionParts } from './connection-parts.js';
import { firstHandler, keepWhatIsThrown } from './handler-methods.js';
import { featureModule } from './postlog-feature.module.js';
import type { PostlogModuleOptions } from './postlog.options.js';
import { DEFAULT_CONNECTION, POSTLOG, POSTLOG_CONNECT, POSTLOG_OPTIONS, POSTLOG_PARTS, tokenOf } from './tokens.js';

const { ConfigurableModuleClass, ASYNC_OPTIONS_TYPE, OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<PostlogModuleOptions>({ optionsInjectionToken: POSTLOG_OPTIONS })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createPostlogOptions')
    .setExtras({ isGlobal: true, name: DEFAULT_CONNECTION }, (definition, { isGlobal, name }) => {
      const { providers, exports } = connectionProviders(name);
      return { ...definition, global: isGlobal, providers: [...(definition.providers ?? []), ...providers], exports };
    })
    .build();

const CLOSE_TIMEOUT_MS = 2_000;

/**
 * One connection, one server strategy, one producer. A shutdown goes in the order that Nest's hooks allow: stop taking
 * records, let handlers end and commit (`PostlogServer.close`), and only then close the connection.
 */
@Module({ imports: [DiscoveryModule] })
export class PostlogModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown
{
  readonly #parts: ConnectionParts;
  readonly #discovery: DiscoveryService;

  constructor(@Inject(POSTLOG_PARTS) parts: ConnectionParts, @Inject(DiscoveryService) discovery: DiscoveryService) {
    super();
    this.#parts = parts;
    this.#discovery = discovery;
    keepWhatIsThrown(discovery); // Nest reads filters when it binds handlers, which comes after this.
  }

  /** A connection; give further ones a `name`. Everywhere in the application unless `isGlobal` is false. */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return super.forRoot(options);
  }

  /** The same from a factory, or from a class with `createPostlogOptions()`. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }

  /** Declares topics: they are created where they are missing, their contracts hold, and each has a producer (`@InjectProducer`). */
  static forFeature(topics: readonly (AnyTopic | string)[], connection: string = DEFAULT_CONNECTION): DynamicModule {
    return featureModule(topics, connection);
  }

  async onModuleInit(): Promise<void> {
    await this.#parts.prepare();
  }

  /** Handlers that nobody calls would only be noticed in production. */
  onApplicationBootstrap(): void {
    const { server, options } = this.#parts;
    if (server.isAttached || options.consume === false) return;
    const handler = firstHandler(this.#discovery, server.transportId);
    if (handler === undefined) return;
    throw new PostlogError(
      'INVALID_CONFIG',
      `${handler} subscribes, but nothing consumes: write connectPostlog(app) before app.init() or app.listen(), ` +
        'or create the application with NestFactory.createMicroservice(AppModule, postlogMicroservice()). ' +
        'A process that shall not consume says so: consume: false.',
    );
  }

  onModuleDestroy(): void {
    this.#parts.server.pause();
  }

  async onApplicationShutdown(): Promise<void> {
    const { server, client, postlog } = this.#parts;
    await server.close();
    // A handler that ignores its signal must not keep the process.
    await Promise.race([
      client.close().then(() => postlog.close()),
      new Promise((resolve) => setTimeout(resolve, CLOSE_TIMEOUT_MS).unref()),
    ]);
  }
}

/** What a connection offers, each under its class, or under a token of its own where the connection has a name. */
function connectionProviders(name: string): { providers: Provider[]; exports: InjectionToken[] } {
  const part = (
    plain: InjectionToken,
    read: (parts: ConnectionParts) => unknown,
  ): Provider & { provide: InjectionToken } => ({
    provide: tokenOf(plain, name),
    inject: [POSTLOG_PARTS],
    useFactory: read,
  });
  const parts = [
    part(POSTLOG, ({ postlog }) => postlog),
    part(TopicDirectory, ({ topics }) => topics),
    part(PostlogProducer, ({ producer }) => producer),
    part(PostlogClient, ({ client }) => client),
    part(PostlogServer, ({ server }) => server),
    part(PostlogHealthIndicator, ({ health }) => health),
    part(PostlogDeadLetters, ({ deadLetters }) => deadLetters),
  ];
  const open: Provider = {
    provide: POSTLOG_PARTS,
    inject: [POSTLOG_OPTIONS, POSTLOG_CONNECT],
    useFactory: (options: PostlogModuleOptions, engine: typeof connect) => openConnection(name, options, engine),
  };
  return {
    providers: [{ provide: POSTLOG_CONNECT, useValue: connect }, open, ...parts],
    exports: parts.map(({ provide }) => provide),
  };
}
