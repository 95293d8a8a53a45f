import { connect } from '@postlog/core';
import type { Bench, Measure } from '../bench.js';
import { line, median } from '../report.js';
import { jsonValues } from '../values.js';
import { drain, groupAtEnd, PARTITIONS, sendAll, sendTo } from '../workload.js';

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
  await fill(bench, portion, sendTo(producer, 'deep'));
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
      const count = portion.length;
      const groupId = await groupAtEnd(postlog, topic);
      rates.append[kind].push(count / (await sendAll(portion, sendTo(producer, topic))));
      rates.tail[kind].push(count / (await drain(postlog, { topic, count, groupId, timed: 'reading' })));
      rates.start[kind].push(count / (await drain(postlog, { topic, count, timed: 'reading' })));
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

async function fill(bench: Bench, portion: string[], send: ReturnType<typeof sendTo>): Promise<void> {
  for (let filled = 0; filled < bench.sizes.depth; filled += portion.length) {
    await sendAll(portion, send, 8);
    if ((filled / portion.length) % 3 === 0) bench.say(`${filled.toLocaleString('en-US')} records are in the log`);
  }
}

function ratio(rates: Record<'deep' | 'empty', number[]>): string {
  return (rates.deep.at(-1)! / rates.empty.at(-1)!).toFixed(2);
}
