import type { INestApplication, Type } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Consumer, PostlogContext, PostlogDeadLetters, Subscribe } from '../index.js';
import { producerOf, testWorld, until, type World } from './world.js';

/** What handlers and hooks of the test that runs did, in order. */
export const seen: unknown[] = [];
export let world: World;
/** One for each test, in one database. */
export let topic: string;
let topics = 0;

/** For a whole file: a database, and a topic of its own for each test. */
export function useTopics(): void {
  beforeAll(async () => {
    world = await testWorld([]);
  });
  beforeEach(async () => {
    seen.length = 0;
    topic = `of-test.${++topics}`;
    await world.log.admin().createTopics({ topics: [{ topic, numPartitions: 2 }] });
  });
  afterAll(() => world.close());
}

/** A controller with one handler of the test's topic. */
export function handling(group: string, handle: (value: never, context: PostlogContext) => unknown): Type {
  @Consumer({ group })
  class Handling {
    @Subscribe(topic)
    handle(@Payload() value: never, @Ctx() context: PostlogContext): unknown {
      return handle(value, context);
    }
  }
  return Handling;
}

export function start(
  controllers: Type[],
  more: Partial<Parameters<World['hybrid']>[0]> = {},
): Promise<INestApplication> {
  return world.hybrid({ controllers, ...more });
}

/** To one partition, one after another. */
export async function send(app: INestApplication, ...values: unknown[]): Promise<void> {
  for (const value of values) await producerOf(app).send(topic, value, { key: 'k' });
}

export function caughtUp(group: string): Promise<void> {
  return until(async () => (await world.lag(group, topic)) === 0);
}

/** The test's dead letters: how often each was tried, and what was really thrown. */
export async function lettersOf(app: INestApplication, group: string): Promise<unknown[][]> {
  const letters = await app.get(PostlogDeadLetters).list(topic, { group });
  return letters.map(({ attempts, errorName, errorMessage }) => [attempts, errorName, errorMessage]);
}
