import { handleProduce } from '../broker/handle-produce.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { SendOutcome } from '../outbox/cluster-log.js';
import type { KeptBatch } from '../outbox/composed-batch.store.js';
import type { Cluster } from './cluster.js';

/** What was composed is within the topic's limit as it was then; it may have been lowered since. */
const ANY_SIZE = 2 ** 31 - 1;

/**
 * Sends a batch of an outbox to the leader of its partition, for all in-sync replicas. The batch has the numbers of an idempotent producer, so one that is stored
 * already is answered as stored.
 *
 * @throws PostlogError: it is not known to be stored, and is to be sent again
 */
export async function sendComposed(cluster: Cluster, { partitionId, bytes }: KeptBatch): Promise<SendOutcome> {
  const place = { topic: '', partition: 0, partitionId };
  const leader = cluster.knownLeader(place);
  if (leader === undefined) {
    await cluster.refresh();
    if (cluster.knownLeader(place) !== undefined || (await exists(cluster, partitionId))) throw notNow(partitionId);
    return 'gone';
  }
  const broker = await cluster.broker(leader.brokerId);
  const { leaderEpoch } = leader;
  const [answer] = await handleProduce(broker, [{ partitionId, leaderEpoch, maxMessageBytes: ANY_SIZE, bytes }]);
  const error = answer?.error;
  // From before the window that the leader remembers: those after it were sent only when it was stored.
  if (answer !== undefined && (error === undefined || error === 'DUPLICATE_SEQUENCE_NUMBER')) return 'stored';
  if (error === 'UNKNOWN_TOPIC_OR_PARTITION' && !(await exists(cluster, partitionId))) return 'gone';
  void cluster.refresh().catch(() => {}); // The next attempt hears of it.
  throw new PostlogError(
    error ?? 'UNKNOWN_SERVER_ERROR',
    `partition ${partitionId} refused records of an outbox; they are sent again.`,
  );
}

async function exists(cluster: Cluster, partitionId: number): Promise<boolean> {
  const topics = await cluster.topics.describe(null);
  return topics.some(({ partitions }) => partitions.some((partition) => partition.partitionId === partitionId));
}

function notNow(partitionId: number): PostlogError {
  return new PostlogError(
    'LEADER_NOT_AVAILABLE',
    `nobody leads partition ${partitionId} now; its records are sent again.`,
  );
}
