import type { Measure } from '../bench.js';
import { OutboxLoads } from '../outbox/outbox-loads.js';
import { line, median } from '../report.js';

/** Handlers in transactions beside what they cost without, one after the other in each round. */
export const transactionalConsume: Measure = async (bench) => {
  const { rounds, records } = bench.sizes;
  const loads = await OutboxLoads.open(bench);
  const topic = await loads.fillTopic(records);
  const rates = { plain: [] as number[], transactional: [] as number[], single: [] as number[], bare: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    bench.say(round === 0 ? 'warming up' : `round ${round}`);
    const plain = await loads.consumePlain(topic, records);
    const transactional = await loads.consumeInTransactions(topic, records);
    const bare = await loads.updateSingly();
    const single = await loads.handleSingly();
    if (round === 0) continue; // Warms up.
    rates.plain.push(plain);
    rates.transactional.push(transactional);
    rates.bare.push(bare);
    rates.single.push(single);
  }
  const of = (what: keyof typeof rates) => median(rates[what]);
  return [
    line('consume in batches, plain', of('plain'), 'records/s'),
    line('consume in batches, a transaction each', of('transactional'), 'records/s'),
    line('transactional ÷ plain', of('transactional') / of('plain'), '×', { atLeast: 0.5 }),
    line('begin; update; commit', of('bare'), 'transactions/s'),
    line('consume one record a transaction, with that update', of('single'), 'records/s'),
    line('one record a transaction ÷ bare loop', of('single') / of('bare'), '×', { atLeast: 0.7 }),
  ];
};
