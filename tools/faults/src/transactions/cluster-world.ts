import { fileURLToPath } from 'node:url';
import { connect } from '@postlog/core';
import { ClusterProcesses, type BrokerPart, type Undo } from '@postlog/core/testing';
import { Machine } from '../cluster/machine.js';
import { openMetadataProbe } from '../cluster/metadata-probe.store.js';
import type { SeenPartition } from '../cluster/samples.js';
import type { BrokerSettings } from '../cluster/world.js';
import { placesOfACluster } from './business.store.js';
import { pause } from './worker-context.js';
import type { TransactionsWorld } from './world.js';

const SETTINGS: BrokerSettings = {
  sessionTimeout: 3_000,
  heartbeatInterval: 500,
  replicaLagTimeMaxMs: 3_000,
  connectionTimeout: 3_000,
  requestTimeout: 3_000,
};
const BOTH: readonly BrokerPart[] = ['postgres', 'process'];
const WHOLE_MS = 60_000;
const APPLICATION = 'shop';

export interface ClusterWorldOptions {
  readonly say: (line: string) => void;
  readonly onStop: (undo: Undo) => void;
}

/**
 * Three brokers on three Postgres servers, and an application whose database is on a fourth. `kill-leader` kills the broker that leads most partitions, with
 * its Postgres.
 */
export async function threeBrokers({ say, onStop }: ClusterWorldOptions): Promise<TransactionsWorld> {
  let tell = (_proc: string, _lastLines: string) => {};
  const machines = new Map<number, Machine>();
  const starting = ClusterProcesses.start({
    script: fileURLToPath(new URL('../../dist/cluster/broker-process.js', import.meta.url)),
    brokerArgs: ['--settings', JSON.stringify(SETTINGS)],
    settings: { max_connections: '100', shared_buffers: '64MB' },
    onBrokerEnded: (brokerId, lastLines) => {
      tell(`broker ${brokerId}`, lastLines);
      void machines.get(brokerId)?.revive();
    },
    say,
  });
  onStop(async () => (await starting).stop());
  const cluster = await starting;
  for (const id of cluster.brokerIds) machines.set(id, new Machine(id, cluster));
  onStop(() => machines.forEach((machine) => machine.end()));
  const { brokers, metadata, applicationUrl: url } = cluster.settings;
  const connection = { brokers, metadata, applications: [{ name: APPLICATION, url }] };
  const watcher = await connect({ brokers, metadata, services: false, logger: null });
  onStop(() => watcher.close());
  const described = async () => {
    const { topics } = await watcher.admin().fetchTopicMetadata();
    return topics.flatMap(({ partitions }) => partitions);
  };
  const untilWhole = async () => {
    for (const deadline = performance.now() + WHOLE_MS; performance.now() < deadline; await pause(200)) {
      const partitions = await described().catch(() => []);
      if (partitions.length > 0 && partitions.every(({ isr }) => isr.length === brokers.length)) return;
    }
    tell('the cluster', `not every replica was in sync again in ${WHOLE_MS / 1_000} s`);
  };
  return {
    url,
    connection,
    topicSettings: { replicationFactor: brokers.length, configEntries: [{ name: 'min.insync.replicas', value: '2' }] },
    isCluster: true,
    places: async (topics) => {
      const ids = await Promise.all(
        topics.map(async (topic) => (await partitionsOf(metadata, topic)).map(({ partitionId }) => partitionId)),
      );
      return placesOfACluster(topics, ids);
    },
    crash: async () => {
      const victim = mostFrequent(
        (await described()).map(({ leader }) => leader).filter((leader) => machines.has(leader)),
      );
      const machine = machines.get(victim ?? 1)!;
      say(`broker ${machine.id} and its Postgres, which lead most partitions`);
      await machine.kill(BOTH);
      return async () => {
        await machine.release(BOTH);
        await untilWhole();
      };
    },
    onEnded: (listener) => (tell = listener),
  };
}

/** As the metadata store has them, in their order. */
async function partitionsOf(
  metadata: Parameters<typeof openMetadataProbe>[0],
  topic: string,
): Promise<readonly SeenPartition[]> {
  const probe = await openMetadataProbe(metadata, topic);
  try {
    return (await probe.read()).partitions;
  } finally {
    await probe.close();
  }
}

function mostFrequent(numbers: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const each of numbers) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
}
