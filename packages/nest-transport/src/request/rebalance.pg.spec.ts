import 'reflect-metadata';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { defineTopic, PostlogClient, PostlogServer } from '../index.js';
import { testWorld, until, type World } from '../spec/world.js';

const Squares = defineTopic<number>('squares', { partitions: 4 });
const answeredBy = new Map<string, number>();

const answererNamed = (name: string) => {
  @Controller()
  class Answerer {
    @MessagePattern(Squares)
    async square(@Payload() side: number): Promise<number> {
      await new Promise(setImmediate);
      answeredBy.set(name, (answeredBy.get(name) ?? 0) + 1);
      return side * side;
    }
  }
  return Answerer;
};

let world: World;
beforeAll(async () => (world = await testWorld()));
afterAll(() => world.close());

describe('requests in a rebalance', () => {
  it('are all answered, each with its own answer, while servers come and go', async () => {
    const first = await world.hybrid({ controllers: [answererNamed('first')] });
    const client = new PostlogClient({ url: world.url, logger: null });
    let asked = 0;
    let isOver = false;
    const askAgainAndAgain = async () => {
      for (let side = (asked += 1); !isOver; side = asked += 1)
        expect(await client.request('squares', side, { timeoutMs: 20_000 })).toBe(side * side);
    };
    const askers = Promise.all(Array.from({ length: 8 }, askAgainAndAgain));
    await until(() => answeredBy.has('first'));
    const second = await world.hybrid({ controllers: [answererNamed('second')] });
    await until(() => answeredBy.has('second'));
    await first.close();
    const before = answeredBy.get('second')!;
    await until(() => answeredBy.get('second')! > before + 100);
    isOver = true;
    await askers;
    expect(second.get(PostlogServer).subscriptions[0]!.state).toBe('connected');
    await client.close();
  });
});
