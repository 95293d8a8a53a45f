import { fileURLToPath } from 'node:url';
import { connect, type Postlog } from '@postlog/core';
import { ClusterProcesses } from '@postlog/core/testing';
import type { Bench } from './bench.js';

const BROKER_SCRIPT = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));

export interface ClusterWorld {
  readonly cluster: ClusterProcesses;
  readonly postlog: Postlog;
  /** Stops all of it, so that the next measure has the machine to itself. */
  close(): Promise<void>;
}

/** Three brokers, each with a Postgres server and a process of its own, and one more server for the metadata; all with their default timing. */
export async function openClusterWorld(bench: Bench): Promise<ClusterWorld> {
  bench.say('starting four Postgres servers and three brokers …');
  const cluster = await ClusterProcesses.start({ script: BROKER_SCRIPT, brokers: 3 });
  bench.onStop(() => cluster.stop());
  const { brokers, metadata } = cluster.settings;
  const postlog = await connect({ brokers, metadata, logger: null });
  bench.onStop(() => postlog.close());
  const close = async () => {
    await postlog.close();
    await cluster.stop();
  };
  return { cluster, postlog, close };
}

export async function createTopic(
  postlog: Postlog,
  topic: string,
  numPartitions: number,
  replicationFactor: number,
): Promise<void> {
  const configEntries = replicationFactor > 1 ? [{ name: 'min.insync.replicas', value: '2' }] : [];
  await postlog.admin().createTopics({ topics: [{ topic, numPartitions, replicationFactor, configEntries }] });
}

/** Every value of a topic, from its beginning to where it ends now. */
export async function readAll(postlog: Postlog, topic: string): Promise<string[]> {
  const admin = postlog.admin();
  const ends = await admin.fetchTopicOffsets(topic);
  const wanted = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  const values: string[] = [];
  const consumer = postlog.consumer({});
  await consumer.assign(ends.map(({ partition, low }) => ({ topic, partition, offset: low })));
  await new Promise<void>((resolve, reject) => {
    if (wanted === 0) resolve();
    consumer
      .run({
        eachMessage: ({ message }) => {
          if (values.push(String(message.value)) >= wanted) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return values;
}
