import type { Measure } from '../bench.js';
import { holdTransaction } from '../hold-transaction.js';
import { OutboxLoads } from '../outbox/outbox-loads.js';
import { line, median } from '../report.js';

const LATENCY_SECONDS = 2;
const MOST_BACKLOG = 40_000;

/**
 * Everything while another session keeps a transaction open, which keeps Postgres from cleaning up anything, and the same without, before and after.
 * Each load goes on where the one before left the tables: what piles up, piles up.
 */
export const outboxPinned: Measure = async (bench) => {
  const { pinnedSeconds, records, outbox } = bench.sizes;
  const loads = await OutboxLoads.open(bench);
  const count = Math.min(50_000, records);
  const topic = await loads.fillTopic(count);
  const all: readonly (readonly [name: string, load: () => Promise<number>])[] = [
    ['orders and publishing, transactions/s', () => loads.publish()],
    ['backlog, records/s', () => loads.drainBacklog(Math.min(MOST_BACKLOG, outbox.backlog))],
    ['transactional batches, records/s', () => loads.consumeInTransactions(topic, count)],
    ['one record a transaction, records/s', () => loads.handleSingly()],
    ['commit to handler, p50 ms', () => loads.medianLatency(Math.min(LATENCY_SECONDS, pinnedSeconds / 10))],
  ];
  const free = all.map((): number[] => []);
  const held = all.map((): number[] => []);
  const phase = async (found: readonly number[][], seconds: number) => {
    const until = performance.now() + seconds * 1_000;
    do {
      for (const [place, [, load]] of all.entries()) found[place]!.push(await load());
    } while (performance.now() < until);
  };
  bench.say(`without an open transaction for ${pinnedSeconds / 2} s`);
  await phase(free, pinnedSeconds / 2);
  bench.say(`with one for ${pinnedSeconds} s`);
  const release = await holdTransaction(bench, loads.url);
  await phase(held, pinnedSeconds);
  await release();
  bench.say(`without again for ${pinnedSeconds / 2} s`);
  await phase(free, pinnedSeconds / 2);
  return all.map(([name], place) => {
    const goal = name.endsWith('ms') ? { atMost: 1.1 } : { atLeast: 0.9 };
    return line(`${name}: with an open transaction ÷ without`, median(held[place]!) / median(free[place]!), '×', goal);
  });
};
