import { connect, type Postlog } from '@postlog/core';
import { drain, jsonValues, PARTITIONS, sendAll, sendTo, type Measure } from '../bench.js';
import { line, median } from '../report.js';

const ROUNDS = 5;

/** Whether a long log is slower than an empty one: appends, reads at the tail, and a read from offset 0. */
export const depth: Measure = async (bench) => {
  const url = await bench.database();
  const postlog = await connect({ url, logger: null });
  bench.onStop(() => postlog.close());
  const portion = jsonValues(Math.min(bench.sizes.records, bench.sizes.depth / 10));
  const producer = postlog.producer();
  const create = (topic: string) => postlog.admin().createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] });
  await create('deep');
  for (let filled = 0; filled < bench.sizes.depth; filled += portion.length) {
    await sendAll(portion, sendTo(producer, 'deep'), 8);
    if ((filled / portion.length) % 3 === 0) bench.say(`${filled.toLocaleString('en-US')} records are in the log`);
  }

  const rates = {
    append: { deep: [], empty: [] },
    tail: { deep: [], empty: [] },
    start: { deep: [], empty: [] },
  } as Record<'append' | 'tail' | 'start', Record<'deep' | 'empty', number[]>>;
  for (let round = 0; round < Math.min(ROUNDS, bench.sizes.rounds); round++) {
    const fresh = `empty-${round}`;
    await create(fresh);
    for (const [kind, topic] of [
      ['deep', 'deep'],
      ['empty', fresh],
    ] as const) {
      const tail = await tailOf(postlog, topic);
      rates.append[kind].push(portion.length / (await sendAll(portion, sendTo(producer, topic))));
      rates.tail[kind].push(portion.length / (await tail(portion.length)));
      rates.start[kind].push(portion.length / (await drain(postlog, topic, portion.length, () => {}, 'reading only')));
    }
    bench.say(
      `round ${round + 1}: append ${ratio(rates.append)}, tail ${ratio(rates.tail)}, from offset 0 ${ratio(rates.start)} of an empty log's`,
    );
  }
  await postlog.close();
  const name = bench.sizes.depth.toLocaleString('en-US');
  return [
    line(`append with ${name} records ÷ with none`, median(rates.append.deep) / median(rates.append.empty), '×', {
      atLeast: 0.9,
    }),
    line(`tail fetch with ${name} records ÷ with none`, median(rates.tail.deep) / median(rates.tail.empty), '×', {
      atLeast: 0.9,
    }),
    line(
      `fetch from offset 0 with ${name} records ÷ with none`,
      median(rates.start.deep) / median(rates.start.empty),
      '×',
      { atLeast: 0.9 },
    ),
  ];
};

function ratio(rates: Record<'deep' | 'empty', number[]>): string {
  return (rates.deep.at(-1)! / rates.empty.at(-1)!).toFixed(2);
}

/** Marks where the log ends now; the answer reads `count` records from there and answers seconds. */
async function tailOf(postlog: Postlog, topic: string): Promise<(count: number) => Promise<number>> {
  const ends = await postlog.admin().fetchTopicOffsets(topic);
  return async (count) => {
    const consumer = postlog.consumer({ groupId: `tail-${topic}-${Math.random()}` });
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    let seen = 0;
    let startedAt = 0;
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachBatch: ({ batch }) => {
            if (startedAt === 0) return;
            for (const { offset } of batch.messages)
              if (Number(offset) >= Number(ends[batch.partition]!.offset)) seen += 1;
            if (seen >= count) resolve();
          },
        })
        .catch(reject);
      startedAt = performance.now();
      for (const { partition, offset } of ends) consumer.seek({ topic, partition, offset });
    });
    await consumer.disconnect();
    return (performance.now() - startedAt) / 1000;
  };
}
