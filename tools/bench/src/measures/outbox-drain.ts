import type { Measure } from '../bench.js';
import { OutboxLoads } from '../outbox/outbox-loads.js';
import { line, median } from '../report.js';

/** A backlog of transactions that committed while no sequencer ran. */
export const outboxDrain: Measure = async (bench) => {
  const { rivalRounds, outbox } = bench.sizes;
  const loads = await OutboxLoads.open(bench);
  const rates: number[] = [];
  for (let round = 0; round < rivalRounds; round++) {
    bench.say(`${outbox.backlog} rows of the outbox, round ${round + 1}`);
    rates.push(await loads.drainBacklog(outbox.backlog));
  }
  return [line(`a backlog of ${outbox.backlog} transactions`, median(rates), 'records/s', { atLeast: 30_000 })];
};
