import { ENGINE_CASES } from './engine.cases.js';
import { InMemoryBroker } from './in-memory-postlog.js';
import { settled, virtualClock } from './virtual-clock.js';

describe('a log in memory', () => {
  it.each(ENGINE_CASES)('%s', async (_promise, show) => {
    const clock = virtualClock(Date.now());
    const log = new InMemoryBroker({ clock }).connect();
    await log.admin().createTopics({ topics: [{ topic: 'orders', numPartitions: 2 }] });
    let steps = 0;
    const until = async (condition: () => boolean | Promise<boolean>) => {
      await settled();
      while (!(await condition())) {
        if (steps++ > 2_000) throw new Error('it never came to that');
        await clock.step();
      }
    };
    await show({ log, until });
    await log.close();
  });
});
