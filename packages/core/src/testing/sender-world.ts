import type { Broker } from '../broker/broker.js';
import type { ProduceBatch, RequiredAcks } from '../broker/handle-produce.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { Appended } from '../log/append.store.js';
import { offset } from '../record/offset.js';
import { createDeferred } from '../runtime/deferred.js';
import { EventBus } from '../runtime/events.js';
import { silentLogger } from '../runtime/logger.js';
import { manualClock } from './manual-clock.js';
import type { Cluster, ClusterPartition, KnownLeader, PartitionPlace } from '../client/cluster.js';
import { MetadataCache } from '../client/metadata-cache.js';
import { Receipt } from '../client/receipt.js';
import { RecordAccumulator } from '../client/record-accumulator.js';
import { Sender } from '../client/sender.js';

export interface Call {
  readonly brokerId: number;
  readonly acks: RequiredAcks;
  readonly batches: readonly ProduceBatch[];
  /** What the leader answers, once it does. */
  readonly answer: (answers: readonly Partial<Appended>[]) => void;
  /** Says that all is appended, and answers these partitions already. */
  readonly append: (answered: readonly Partial<Appended>[]) => void;
  readonly fail: (error: PostlogError) => void;
}

/** A sender, and leaders that answer when the test says so. Partition n has the number 10 + n. */
export function senderWorld(
  leaders: (KnownLeader | undefined)[],
  given: { isIdempotent?: boolean; deliveryTimeoutMs?: number } = {},
) {
  const { isIdempotent = true, deliveryTimeoutMs = 60_000 } = given;
  const clock = manualClock();
  const calls: Call[] = [];
  const listeners = new Set<() => void>();
  const state = { refreshes: 0, exists: true };
  const partitions = leaders.map((leader, partition): ClusterPartition => ({
    topic: 't',
    partition,
    partitionId: 10 + partition,
    leader: leader?.brokerId ?? null,
    leaderEpoch: leader?.leaderEpoch ?? 0,
    replicas: [1, 2],
    isr: [1, 2],
    offlineReplicas: [],
  }));
  const cluster = {
    clock,
    logger: silentLogger,
    random: { next: () => 0.5, producerId: () => 7n },
    topics: {
      describe: () => Promise.resolve(state.exists ? [{ topic: 't', topicId: 'id', config: {}, partitions }] : []),
    },
    knownLeader: ({ partition }: PartitionPlace) => leaders[partition],
    broker: (brokerId: number) => Promise.resolve({ brokerId } as Broker),
    refresh: () => Promise.resolve(void (state.refreshes += 1)),
    onLeadersChanged: (run: () => void) => {
      listeners.add(run);
      return () => listeners.delete(run);
    },
  } as unknown as Cluster;
  const metadata = new MetadataCache(cluster);
  const accumulator = new RecordAccumulator({ batchSize: 10_000, deliveryTimeoutMs });
  const sender = new Sender({
    cluster,
    metadata,
    accumulator,
    events: new EventBus(clock, () => {}),
    isIdempotent,
    lingerMs: 0,
    batchSize: 10_000,
    maxRequestSize: 100_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, multiplier: 2, factor: 0, retries: 10 },
    onFreed: () => {},
    produce: (broker, batches, acks, progress) => {
      const answered = createDeferred<Appended[]>();
      const complete = (answers: readonly Partial<Appended>[]) =>
        answers.map((answer, index): Appended => ({
          partitionId: batches[index]!.partitionId,
          error: undefined,
          baseOffset: undefined,
          logStartOffset: offset(0),
          leaderEpoch: 0,
          isReplicated: true,
          ...answer,
        }));
      const answer: Call['answer'] = (answers) => answered.resolve(complete(answers));
      const append: Call['append'] = (answers) => {
        progress.onAppended();
        complete(answers).forEach(progress.onAnswer);
      };
      calls.push({ brokerId: broker.brokerId, acks, batches, answer, append, fail: answered.reject });
      return answered.promise;
    },
  });
  return {
    state,
    clock,
    calls,
    sender,
    listeners,
    async send(partition: number, acks: RequiredAcks = -1): Promise<Receipt['promise']> {
      const receipt = new Receipt();
      const records = { messages: [{ value: 'x' }], sizes: [10], partitions: [partition] };
      const terms = { compression: undefined, acks, receipt, now: 0, at: clock.monotonic() };
      accumulator.addAll(await metadata.get('t'), records, terms);
      receipt.seal();
      sender.poke();
      return receipt.promise;
    },
    elect(partition: number, leader: KnownLeader | undefined): void {
      leaders[partition] = leader;
      for (const run of [...listeners]) run();
    },
    /** The next requests that leaders get, up to this many in all. */
    async until(count: number): Promise<Call[]> {
      for (let turns = 0; calls.length < count && turns < 50; turns++) await turn();
      if (calls.length !== count) throw new Error(`${calls.length} requests were made, not ${count}`);
      return calls;
    },
  };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
/** What is due without time passing has happened. */
export const turns = async () => {
  for (let n = 0; n < 10; n++) await turn();
};
