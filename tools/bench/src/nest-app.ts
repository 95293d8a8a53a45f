import 'reflect-metadata';
import type { INestMicroservice, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { postlogMicroservice, PostlogModule } from '@postlog/nest-transport';

/** An application that only consumes, through Postlog. */
export async function startNest(url: string, controller: Type): Promise<INestMicroservice> {
  const imports = [PostlogModule.forRoot({ url, group: 'bench', logger: null })];
  const module = { module: class BenchModule {}, imports, controllers: [controller] };
  return listening(NestFactory.createMicroservice(module, { ...postlogMicroservice(), logger: false }));
}

/** The same, through a transport of Nest's own. */
export async function startRival(options: MicroserviceOptions, controller: Type): Promise<INestMicroservice> {
  const module = { module: class RivalModule {}, controllers: [controller] };
  return listening(NestFactory.createMicroservice<MicroserviceOptions>(module, { ...options, logger: false }));
}

async function listening(created: Promise<INestMicroservice>): Promise<INestMicroservice> {
  const app = await created;
  await app.listen();
  return app;
}

/** Counts what was handled, and tells how much that was a second, counted from the end of the first call on. */
export class Tally {
  readonly #count: number;
  readonly #onDone: (perSecond: number) => void;
  readonly done: Promise<number>;
  #seen = 0;
  #startedAt = 0;
  #first = 0;

  constructor(count: number) {
    this.#count = count;
    let onDone = (_perSecond: number) => {};
    this.done = new Promise((resolve) => (onDone = resolve));
    this.#onDone = onDone;
  }

  add(count: number): void {
    if (this.#seen === 0) {
      this.#startedAt = performance.now();
      this.#first = count;
    }
    this.#seen += count;
    if (this.#seen < this.#count) return;
    const seconds = Math.max(performance.now() - this.#startedAt, 0.001) / 1_000;
    this.#onDone(Math.max(this.#seen - this.#first, 1) / seconds);
  }
}
