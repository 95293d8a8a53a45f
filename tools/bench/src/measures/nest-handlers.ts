import { Payload } from '@nestjs/microservices';
import { connect, type ConsumerRun, type Postlog } from '@postlog/core';
import { Consumer, Subscribe, type LogRecord } from '@postlog/nest-transport';
import type { Type } from '@nestjs/common';
import type { Measure } from '../bench.js';
import { startNest, Tally } from '../nest-app.js';
import { line, median } from '../report.js';
import { jsonValues } from '../values.js';
import { PARTITIONS, sendAll, sendTo } from '../workload.js';

const TOPIC = 'orders';
const BATCH = 500;
/** As the transport runs its consumers. */
const RUN = { partitionsConsumedConcurrently: 16, autoCommitInterval: 1_000 };
const MOST_RECORDS = 100_000;

/** What Nest's way to a handler costs: `@Subscribe` against the plain consumer of core, each parsing the same JSON, in turn. */
export const handlers: Measure = async (bench) => {
  const url = await bench.database();
  const postlog = await connect({ url, logger: null });
  bench.onStop(() => postlog.close());
  await postlog.admin().createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
  const values = jsonValues(Math.min(bench.sizes.records, MOST_RECORDS));
  await sendAll(values, sendTo(postlog.producer(), TOPIC));
  const rates: Record<'plain' | 'nest' | 'plain batch' | 'nest batch', number[]> = {
    plain: [],
    nest: [],
    'plain batch': [],
    'nest batch': [],
  };
  for (let round = 0; round < bench.sizes.rounds; round++) {
    const count = values.length;
    rates.plain.push(await plain(postlog, `plain-${round}`, count, false));
    rates.nest.push(await throughNest(url, count, (tally) => single(`nest-${round}`, tally)));
    rates['plain batch'].push(await plain(postlog, `plain-batch-${round}`, count, true));
    rates['nest batch'].push(await throughNest(url, count, (tally) => batch(`nest-batch-${round}`, tally)));
    const said = Object.entries(rates).map(([name, all]) => `${name} ${Math.round(all.at(-1)! / 1_000)} k/s`);
    bench.say(`round ${round + 1}: ${said.join(', ')}`);
  }
  await postlog.close();
  const [one, other] = [median(rates.nest), median(rates['nest batch'])];
  return [
    line('records/s through @Subscribe', one, '/s'),
    line('@Subscribe ÷ plain eachMessage', one / median(rates.plain), '×', { atLeast: 0.6 }),
    line(`records/s through @Subscribe in batches of ${BATCH}`, other, '/s'),
    line('@Subscribe in batches ÷ plain eachBatch', other / median(rates['plain batch']), '×', { atLeast: 0.8 }),
  ];
};

async function plain(postlog: Postlog, groupId: string, count: number, inBatches: boolean): Promise<number> {
  const tally = new Tally(count);
  const consumer = postlog.consumer({ groupId });
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
  const parse = (value: Buffer | null) => JSON.parse(value!.toString()) as unknown;
  const handler: ConsumerRun = inBatches
    ? {
        eachBatch: ({ batch: { messages } }) => {
          for (const { value } of messages) parse(value);
          tally.add(messages.length);
        },
      }
    : {
        eachMessage: ({ message }) => {
          parse(message.value);
          tally.add(1);
        },
      };
  await consumer.run({ ...RUN, ...handler });
  const perSecond = await tally.done;
  await consumer.disconnect();
  return perSecond;
}

async function throughNest(url: string, count: number, controllerFor: (tally: Tally) => Type): Promise<number> {
  const tally = new Tally(count);
  const app = await startNest(url, controllerFor(tally));
  const perSecond = await tally.done;
  await app.close();
  return perSecond;
}

function single(group: string, tally: Tally): Type {
  @Consumer({ group })
  class Single {
    @Subscribe(TOPIC)
    handle(@Payload() _order: unknown): void {
      tally.add(1);
    }
  }
  return Single;
}

function batch(group: string, tally: Tally): Type {
  @Consumer({ group })
  class InBatches {
    @Subscribe(TOPIC, { batch: { size: BATCH } })
    handle(@Payload() records: readonly LogRecord[]): void {
      tally.add(records.length);
    }
  }
  return InBatches;
}
