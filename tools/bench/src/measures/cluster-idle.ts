import type { Measure } from '../bench.js';
import { createTopic, openClusterWorld } from '../cluster-world.js';
import { cpuMs } from '../server-cpu.js';
import { line } from '../report.js';

const SETTLE_MS = 10_000;

/** What a broker costs, its Postgres included, whose partitions nothing happens to. */
export const clusterIdle: Measure = async (bench) => {
  const { idlePartitions, idleSeconds } = bench.sizes.cluster;
  const { cluster, postlog, close } = await openClusterWorld(bench);
  await createTopic(postlog, 'idle', idlePartitions, 3);
  const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms));
  bench.say(`${idlePartitions} partitions are there; resting, then ${idleSeconds} s of nothing`);
  await pause(Math.min(SETTLE_MS, idleSeconds * 1_000));
  const { brokers, postgres } = cluster.pids;
  const used = (id: number) => cpuMs(brokers[id]!) + cpuMs(postgres[id]!);
  const before = new Map(cluster.brokerIds.map((id) => [id, used(id)]));
  const startedAt = performance.now();
  await pause(idleSeconds * 1_000);
  const elapsed = performance.now() - startedAt;
  const shares = cluster.brokerIds.map((id) => ((used(id) - before.get(id)!) / elapsed) * 100);
  await close();
  const what = `${idlePartitions} idle partitions of replication factor 3: a broker`;
  return [
    line(`${what}, on average`, shares.reduce((sum, share) => sum + share, 0) / shares.length, '% of a core', {
      atMost: 10,
    }),
    line(`${what}, the busiest`, Math.max(...shares), '% of a core'),
  ];
};
