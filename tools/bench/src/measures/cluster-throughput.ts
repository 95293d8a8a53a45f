import type { Producer } from '@postlog/core';
import type { Measure } from '../bench.js';
import { createTopic, openClusterWorld } from '../cluster-world.js';
import { line, median } from '../report.js';
import { jsonValues } from '../values.js';

const PARTITIONS = 6;
const PER_SEND = 1_000;
const SENDERS = 4;

/** What two more copies cost, all servers on one machine: the same records to a topic of one replica and to one of three, by turns. */
export const clusterThroughput: Measure = async (bench) => {
  const { postlog, close } = await openClusterWorld(bench);
  const { records, rounds } = bench.sizes;
  const factors = [1, 3] as const;
  for (const factor of factors) await createTopic(postlog, `rf-${factor}`, PARTITIONS, factor);
  const producer = postlog.producer();
  const rates = new Map<number, number[]>(factors.map((factor) => [factor, []]));
  for (let round = -1; round < rounds; round++) {
    for (const factor of factors) {
      const rate = await produce(producer, `rf-${factor}`, round < 0 ? PER_SEND * SENDERS : records / 4);
      if (round < 0) continue; // The first round warms up.
      rates.get(factor)!.push(rate);
      bench.say(`replication factor ${factor}: ${Math.round(rate)} records/s`);
    }
  }
  await close();
  const [one, three] = factors.map((factor) => median(rates.get(factor)!)) as [number, number];
  return [
    line('produce, replication factor 1, acks all', one, 'records/s'),
    line('produce, replication factor 3, acks all', three, 'records/s'),
    line('replication factor 3 ÷ 1', three / one, 'ratio', { atLeast: 0.2 }),
  ];
};

async function produce(producer: Producer, topic: string, records: number): Promise<number> {
  const values = jsonValues(records);
  const startedAt = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      while (next < values.length) {
        const messages = values.slice(next, next + PER_SEND).map((value) => ({ value }));
        next += messages.length;
        await producer.send({ topic, messages, acks: -1 });
      }
    }),
  );
  return records / ((performance.now() - startedAt) / 1_000);
}
