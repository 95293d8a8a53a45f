import type { Postlog } from '@postlog/core';
import type { Bench, Measure } from '../bench.js';
import { createTopic, openClusterWorld, readAll, type ClusterWorld } from '../cluster-world.js';
import { line } from '../report.js';

/** The default session time of a broker. */
const SESSION_S = 9;
const TOPIC = 'failover';
const EVERY_MS = 20;

/** A leader's Postgres and process are killed under load, and later a broker stops in order: how long nothing is acknowledged, and what is lost. */
export const clusterFailover: Measure = async (bench) => {
  const world = await openClusterWorld(bench);
  const { cluster, postlog } = world;
  await createTopic(postlog, TOPIC, 1, 3);
  const load = startLoad(postlog);
  await load.untilAcknowledged(20);

  const victim = await leaderOf(postlog);
  bench.say(`SIGKILL to the Postgres and the process of broker ${victim}, which leads`);
  const killedAt = performance.now();
  await cluster.killBroker(victim);
  const failover = (await load.firstAfter(killedAt)) - killedAt;
  bench.say(`acknowledged again after ${Math.round(failover)} ms; restarting it`);
  await cluster.startBroker(victim);
  await untilInSync(bench, world);

  const leaver = await leaderOf(postlog);
  bench.say(`broker ${leaver} stops in order`);
  const from = performance.now();
  await cluster.stopBroker(leaver, ['process']);
  await load.firstAfter(performance.now());
  const move = load.longestPause(from);
  await cluster.startBroker(leaver);
  await untilInSync(bench, world);

  const acknowledged = await load.stop();
  const found = new Set(await readAll(postlog, TOPIC));
  await world.close();
  const lost = acknowledged.filter((value) => !found.has(value));
  return [
    line(
      `a leader is killed: first new ack, beyond the session of ${SESSION_S} s`,
      Math.max(0, failover / 1_000 - SESSION_S),
      's',
      {
        atMost: 2,
      },
    ),
    line('a leader is killed: first new ack', failover / 1_000, 's'),
    line('a broker stops in order: longest pause between acks', move / 1_000, 's', { atMost: 1 }),
    line(`acknowledged records that are lost, of ${acknowledged.length}`, lost.length, 'records', { atMost: 0 }),
  ];
};

/** One record after the other, all the time; whatever is not acknowledged may or may not be there. */
function startLoad(postlog: Postlog) {
  const producer = postlog.producer({ deliveryTimeoutMs: 60_000 });
  const acks: { readonly value: string; readonly at: number }[] = [];
  let isStopped = false;
  const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms));
  const running = (async () => {
    for (let sent = 0; !isStopped; sent++) {
      const value = `record ${sent}`;
      try {
        await producer.send({ topic: TOPIC, messages: [{ value }], acks: -1 });
        acks.push({ value, at: performance.now() });
      } catch {
        // Not acknowledged: nothing is promised of it.
      }
      await pause(EVERY_MS);
    }
  })();
  const until = async (condition: () => boolean) => {
    while (!condition()) await pause(5);
  };
  return {
    untilAcknowledged: (count: number) => until(() => acks.length >= count),
    /** When the first record was acknowledged that was acknowledged after then. */
    firstAfter: async (at: number) => {
      await until(() => (acks.at(-1)?.at ?? 0) > at);
      return acks.find((ack) => ack.at > at)!.at;
    },
    longestPause: (from: number) => {
      const times = [from, ...acks.map(({ at }) => at).filter((at) => at > from)];
      return Math.max(...times.slice(1).map((at, index) => at - times[index]!));
    },
    stop: async () => {
      isStopped = true;
      await running;
      return acks.map(({ value }) => value);
    },
  };
}

async function leaderOf(postlog: Postlog): Promise<number> {
  const { topics } = await postlog.admin().fetchTopicMetadata({ topics: [TOPIC] });
  return topics[0]!.partitions[0]!.leader!;
}

async function untilInSync(bench: Bench, { postlog }: ClusterWorld): Promise<void> {
  for (;;) {
    const { topics } = await postlog.admin().fetchTopicMetadata({ topics: [TOPIC] });
    if (topics[0]!.partitions[0]!.isr.length === 3) return bench.say('all replicas are in sync again');
    await new Promise((wake) => setTimeout(wake, 100));
  }
}
