import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner } from '@nestjs/core';
import { connect, PostlogError, type Postlog } from '@postlog/core';
import { PostlogClient } from './postlog.client.js';
import { checkModuleOptions, connectOptions, type PostlogModuleOptions } from './postlog.options.js';
import { PostlogProducer } from './postlog.producer.js';
import { PostlogServer } from './postlog.server.js';
import { POSTLOG, POSTLOG_OPTIONS, POSTLOG_TRANSPORT } from './tokens.js';

const { ConfigurableModuleClass, ASYNC_OPTIONS_TYPE, OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<PostlogModuleOptions>({
    optionsInjectionToken: POSTLOG_OPTIONS,
  })
    .setClassMethodName('forRoot')
    .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
    .build();

/** Where Nest's own decorators keep the transport of a handler. */
const TRANSPORT_METADATA = 'microservices:transport';
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * One connection, one server strategy, one producer. A shutdown goes in the order that Nest's hooks allow: stop taking
 * records, let handlers end and commit (`PostlogServer.close`), and only then close the connection.
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    {
      provide: POSTLOG,
      inject: [POSTLOG_OPTIONS],
      useFactory: (options: PostlogModuleOptions) => connect(connectOptions(checkModuleOptions(options))),
    },
    PostlogServer,
    PostlogProducer,
    PostlogClient,
  ],
  exports: [POSTLOG, PostlogServer, PostlogProducer, PostlogClient],
})
export class PostlogModule
  extends ConfigurableModuleClass
  implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown
{
  readonly #postlog: Postlog;
  readonly #server: PostlogServer;
  readonly #discovery: DiscoveryService;

  constructor(@Inject(POSTLOG) postlog: Postlog, server: PostlogServer, discovery: DiscoveryService) {
    super();
    this.#postlog = postlog;
    this.#server = server;
    this.#discovery = discovery;
  }

  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return super.forRoot(options);
  }

  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }

  /** Handlers that nobody calls would only be noticed in production. */
  onApplicationBootstrap(): void {
    const handler = this.#server.isAttached ? undefined : this.#firstHandler();
    if (handler === undefined) return;
    throw new PostlogError(
      'INVALID_CONFIG',
      `${handler} subscribes, but nothing consumes: write connectPostlog(app) before app.init() or app.listen(), ` +
        'or create the application with NestFactory.createMicroservice(AppModule, postlogMicroservice()).',
    );
  }

  onModuleDestroy(): void {
    this.#server.pause();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#server.close();
    // A handler that ignores its signal must not keep the process.
    await Promise.race([
      this.#postlog.close(),
      new Promise((resolve) => setTimeout(resolve, CLOSE_TIMEOUT_MS).unref()),
    ]);
  }

  #firstHandler(): string | undefined {
    const scanner = new MetadataScanner();
    for (const { instance, metatype } of this.#discovery.getControllers()) {
      const prototype: object | undefined =
        instance === undefined
          ? (metatype?.prototype as object | undefined)
          : (Object.getPrototypeOf(instance) as object);
      if (prototype === undefined || prototype === null) continue;
      for (const method of scanner.getAllMethodNames(prototype)) {
        const handler = (prototype as Record<string, unknown>)[method];
        if (typeof handler === 'function' && Reflect.getMetadata(TRANSPORT_METADATA, handler) === POSTLOG_TRANSPORT) {
          return `${metatype?.name ?? 'a controller'}.${method}`;
        }
      }
    }
    return undefined;
  }
}
