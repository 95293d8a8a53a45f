import { RegisteredDatabases } from '../outbox/registered-databases.js';
import type pg from 'pg';
import { RecordBatchBuilder } from '../record/record-batch-builder.js';
import { NO_PRODUCER } from '../record/record-batch.js';
import { systemClock, type Clock } from '../runtime/clock.js';
import { createDeferred } from '../runtime/deferred.js';
import { silentLogger } from '../runtime/logger.js';
import { systemRandom } from '../runtime/random.js';
import { until } from '../testing/collect.js';
import { outboxWorld, type OutboxWorld } from '../testing/outbox-world.js';
import { Broker } from './broker.js';

let world: OutboxWorld;
let brokers: Broker[];
beforeEach(async () => {
  world = await outboxWorld({ services: false });
  brokers = [];
});
afterEach(async () => {
  await Promise.all(brokers.map((broker) => broker.close()));
  await world.drop();
});

const IDLE_MS = 500;
/** After an append of a row, and after one of many. */
const REST_MS = 2;
const MOST_REST_MS = 40;

/** A rest of a sequencer that expects nothing lasts for ever here: only a wake-up ends it. */
const patient = (): Clock => ({
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms === IDLE_MS ? 1e9 : ms, signal),
});

const open = async (services: boolean, clock: Clock = systemClock) => {
  const broker = await Broker.open({
    url: world.url,
    schema: 'postlog',
    migrate: true,
    services,
    offsetsRetentionMs: 604_800_000,
    clientId: 'spec',
    maxConnections: 4,
    connectionTimeout: 10_000,
    requestTimeout: 30_000,
    clock,
    random: systemRandom,
    logger: silentLogger,
  });
  brokers.push(broker);
  return broker;
};
const publish = async (broker: Broker, transaction: unknown, value: string) => {
  const builder = new RecordBatchBuilder();
  builder.append({ value }, 1_000);
  const batch = await builder.build({ compression: 'none', ...NO_PRODUCER });
  const { application } = broker;
  const databases = new Map([[application!.place, application!]]);
  const uniqueName = (prefix: string) => systemRandom.uniqueName(prefix);
  const entered = await new RegisteredDatabases({ schema: 'postlog', uniqueName, databases }).enter(transaction);
  await application!.outbox.publish(entered, [{ partitionId: 1, recordCount: 1, maxBatchBytes: 10_000, batch }]);
};
const isListening = () =>
  until(async () => {
    const text =
      "select 1 from pg_stat_activity where datname = current_database() and state = 'idle' and query like 'notify%probe%'";
    return (await world.database.query({ name: 'listeners', text })).length >= 2; // The world's own is one.
  });
const commit = async (broker: Broker, value: string, wrap: (client: pg.Client) => unknown = (client) => client) => {
  const client = await world.begin();
  await publish(broker, wrap(client), value);
  await client.query('commit');
};
const newestMark = async () =>
  (
    await world.database.one<{ mark: bigint }>({
      name: 'mark',
      text: 'select max(mark) as mark from postlog.outbox_mark',
    })
  ).mark;
const bare = (client: pg.Client) => ({ query: (sql: string, values: unknown[]) => client.query(sql, values) });

describe('the outbox service', () => {
  it('appends together what is committed soon after an append', async () => {
    const [resting, goOn] = [createDeferred<void>(), createDeferred<void>()];
    const slowRest: Clock = {
      ...systemClock,
      sleep: async (ms, signal) => {
        if (ms !== REST_MS) return systemClock.sleep(ms, signal);
        resting.resolve();
        await goOn.promise;
      },
    };
    const sequencer = await open(true, slowRest);
    await commit(sequencer, 'a');
    await resting.promise;
    const mark = await newestMark();
    await commit(sequencer, 'b');
    await commit(sequencer, 'c');
    expect(await world.values()).toEqual(['a']);
    goOn.resolve();
    expect(await world.untilStored(3)).toEqual(['a', 'b', 'c']);
    expect(await newestMark()).toBe(mark + 1n);
  });

  it('rests the longer the more it appended, up to a limit', async () => {
    const rests: number[] = [];
    const noted: Clock = {
      ...systemClock,
      sleep: (ms, signal) => {
        if (ms >= REST_MS && ms <= MOST_REST_MS) rests.push(ms);
        return systemClock.sleep(ms, signal);
      },
    };
    const client = await world.begin();
    const publisher = await open(false);
    for (let n = 0; n < 30; n++) await publish(publisher, client, `${n}`);
    await client.query('commit');
    const sequencer = await open(true, noted);
    await world.untilStored(30);
    await commit(sequencer, 'last');
    await world.untilStored(31);
    await until(() => rests.length >= 2);
    expect(rests).toEqual([MOST_REST_MS, REST_MS]);
  });

  it('finds what was committed by looking, if nobody tells it', async () => {
    const stranger = await open(false);
    await open(true);
    await commit(stranger, 'a', (client) => bare(client));
    await commit(stranger, 'b');
    expect(await world.untilStored(2)).toEqual(['a', 'b']);
  });

  it('is woken by the commit of a client of its own process', async () => {
    const broker = await open(true, patient());
    for (const value of ['a', 'b', 'c']) {
      await commit(broker, value);
      await world.untilStored(1 + ['a', 'b', 'c'].indexOf(value));
    }
    expect(await world.values()).toEqual(['a', 'b', 'c']);
  });

  it('is woken by the commit of a client of another process', async () => {
    await open(true, patient());
    await isListening();
    await commit(await open(false), 'a');
    expect(await world.untilStored(1)).toEqual(['a']);
  });

  it.each(['its own', 'another'])(
    'looks often when a commit of %s process is expected that nobody sees',
    async (whose) => {
      const sequencing = await open(true, patient());
      await isListening();
      await commit(whose === 'another' ? await open(false) : sequencing, 'a', bare);
      expect(await world.untilStored(1)).toEqual(['a']);
    },
  );

  it('gives the lease back when it is closed', async () => {
    const broker = await open(true);
    await commit(broker, 'a');
    await world.untilStored(1);
    await broker.close();
    brokers = [];
    const lease = await world.database.one<{ is_free: boolean }>({
      name: 'lease',
      text: "select expires_at <= clock_timestamp() as is_free from postlog.lease where name = 'outbox-sequencer'",
    });
    expect(lease.is_free).toBe(true);
  });
});
