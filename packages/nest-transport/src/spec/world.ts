import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Module } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { NestFactory } from '@nestjs/core';
import { connect, silentLogger, type Postlog } from '@postlog/core';
import { databaseWithSchema } from '@postlog/core/testing';
import { connectPostlog, PostlogModule, PostlogProducer, type PostlogModuleOptions } from '../index.js';

interface Application extends ModuleMetadata {
  /** Of the module, beside what every spec needs. */
  readonly options?: PostlogModuleOptions;
  /** Express, unless another is given. */
  readonly adapter?: AbstractHttpAdapter;
  /** Before the transport is attached. */
  readonly prepare?: (app: INestApplication) => void;
}

/** A database of its own, a client that looks at it from outside, and applications that are closed in the end. */
export interface World {
  readonly url: string;
  readonly log: Postlog;
  readonly options: PostlogModuleOptions;
  /** A hybrid application that consumes. */
  hybrid(application: Application): Promise<INestApplication>;
  /** How far behind a group is. */
  lag(group: string, topic?: string): Promise<number>;
  close(): Promise<void>;
}

export async function testWorld(topics: readonly string[] = ['orders']): Promise<World> {
  const { url, drop } = await databaseWithSchema();
  const log = await connect({ url, logger: null });
  await log.admin().createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: 2 })) });
  const options = {
    url,
    group: 'default-group',
    logger: silentLogger,
    retry: { delayMs: 5, maxDelayMs: 10 },
    autoCommitIntervalMs: 50,
  };
  const apps: INestApplication[] = [];
  return {
    url,
    log,
    options,
    async hybrid(application) {
      const app = await startHybrid(options, application);
      apps.push(app);
      return app;
    },
    async lag(group, topic = 'orders') {
      const [offsets] = await log.admin().fetchOffsets({ groupId: group, topics: [topic] });
      return offsets!.partitions.reduce((sum, { lag }) => sum + Number(lag), 0);
    },
    async close() {
      for (const app of apps) await app.close();
      await log.close();
      await drop();
    },
  };
}

async function startHybrid(defaults: PostlogModuleOptions, application: Application): Promise<INestApplication> {
  const { options = {}, adapter, prepare, imports = [], ...rest } = application;
  class AppModule {}
  Module({ ...rest, imports: [PostlogModule.forRoot({ ...defaults, ...options }), ...imports] })(AppModule);
  const settings = { logger: false, abortOnError: false } as const;
  const app = await (adapter === undefined
    ? NestFactory.create(AppModule, settings)
    : NestFactory.create(AppModule, adapter, settings));
  try {
    prepare?.(app);
    connectPostlog(app);
    await app.init();
    await app.startAllMicroservices();
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** The producer of an application. */
export function producerOf(app: INestApplication): PostlogProducer {
  return app.get(PostlogProducer);
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((wake) => setTimeout(wake, 5));
}
