import { systemClock, type Clock } from '../runtime/clock.js';
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

/** A rest that is not for something known lasts for ever here: only a wake-up ends it. */
const patient = (): Clock => ({
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms === IDLE_MS ? 1e9 : ms, signal),
});

const open = async (clock: Clock = systemClock) => {
  const broker = await Broker.open({
    url: world.url,
    schema: 'postlog',
    migrate: true,
    services: true,
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
const later = (delayMs: number, value: string, producer = world.producer) =>
  producer.send({ topic: 't', messages: [{ value }], delayMs });
const holders = async () => {
  const text = "select holder from postlog.lease where name = 'delayed-delivery' and expires_at > clock_timestamp()";
  return world.database.query<{ holder: string }>({ name: 'holder', text });
};
const isListening = () =>
  until(async () => {
    const text =
      "select 1 from pg_stat_activity where datname = current_database() and state = 'idle' and query like 'notify%probe%'";
    return (await world.database.query({ name: 'listeners', text })).length >= 2; // The world's own is one.
  });

describe('the delay service', () => {
  it('finds what is due by looking, if nobody tells it', async () => {
    await later(300, 'a');
    await open();
    await later(60_000, 'far');
    expect(await world.untilStored(1)).toEqual(['a']);
  });

  it('is woken by a send of another process that is due before it would look', async () => {
    await open(patient());
    await isListening();
    await until(async () => (await holders()).length > 0);
    for (const [count, value] of ['a', 'b', 'c'].entries()) {
      await later(count * 20, value);
      await world.untilStored(count + 1);
    }
    expect(await world.values()).toEqual(['a', 'b', 'c']);
  });

  it('is woken by the commit of a transaction, here or in another process', async () => {
    await open(patient());
    await isListening();
    await until(async () => (await holders()).length > 0);
    const client = await world.begin();
    await world.producer.send({ topic: 't', messages: [{ value: 'a' }], delayMs: 0, transaction: client });
    await client.query('commit');
    expect(await world.untilStored(1)).toEqual(['a']);
  });

  it('is taken over when its process dies', async () => {
    await world.database.query({
      name: 'dead',
      text: `insert into postlog.lease (name, holder, lease_epoch, expires_at)
             values ('delayed-delivery', 'dead', 1, clock_timestamp() + interval '400 ms')`,
    });
    await later(0, 'a');
    await open();
    expect(await world.untilStored(1)).toEqual(['a']);
  });

  it('gives the lease back when it is closed, and another goes on', async () => {
    const first = await open();
    await until(async () => (await holders()).length > 0);
    const [before] = await holders();
    await open();
    await first.close();
    brokers.shift();
    await later(100, 'a');
    expect(await world.untilStored(1)).toEqual(['a']);
    expect((await holders())[0]!.holder).not.toBe(before!.holder);
  });
});
