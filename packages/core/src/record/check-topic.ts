import { PostlogError } from '../errors/postlog-error.js';
import { quoted } from './quoted.js';

/** Each partition has tables of its own; more of them than this would be slow to plan and to vacuum. */
const MAX_PARTITIONS = 10_000;
const MAX_REPLICATION_FACTOR = 32_767;
const MAX_PARTITION = 2 ** 31 - 1;

/** How many partitions a topic is to have. @throws PostlogError `INVALID_PARTITIONS` */
export function checkPartitionCount(value: unknown, what = 'numPartitions'): number {
  if (isInteger(value, 1, MAX_PARTITIONS)) return value;
  throw new PostlogError(
    'INVALID_PARTITIONS',
    `${what} is ${quoted(value)}; give a whole number from 1 to ${MAX_PARTITIONS}.`,
  );
}

/** The number of one partition; whether the topic has it is seen later. @throws PostlogError `INVALID_PARTITIONS` */
export function checkPartition(value: unknown, what = 'partition'): number {
  if (isInteger(value, 0, MAX_PARTITION)) return value;
  throw new PostlogError(
    'INVALID_PARTITIONS',
    `${what} is ${quoted(value)}; give a whole number from 0 to ${MAX_PARTITION}.`,
  );
}

/**
 * How many copies each partition is to have: at most one on each broker (F34).
 *
 * @throws PostlogError `INVALID_REPLICATION_FACTOR`
 */
export function checkReplicationFactor(value: unknown, brokerCount?: number): number {
  if (!isInteger(value, 1, MAX_REPLICATION_FACTOR)) {
    throw new PostlogError(
      'INVALID_REPLICATION_FACTOR',
      `replicationFactor is ${quoted(value)}; give a whole number from 1 to the number of brokers.`,
    );
  }
  if (brokerCount !== undefined && value > brokerCount) {
    throw new PostlogError(
      'INVALID_REPLICATION_FACTOR',
      `replicationFactor is ${value} and the cluster has ${brokerCount} ${brokerCount === 1 ? 'broker' : 'brokers'}; ` +
        'give a smaller number or add brokers.',
    );
  }
  return value;
}

/** A topic that asks for more in-sync replicas than it has copies could never be written to with acks=all. */
export function checkMinInsyncReplicas(minInsyncReplicas: number, replicationFactor: number): void {
  if (minInsyncReplicas <= replicationFactor) return;
  throw new PostlogError(
    'INVALID_CONFIG',
    `min.insync.replicas is ${minInsyncReplicas} and the replication factor ${replicationFactor}; ` +
      'lower the one or raise the other.',
  );
}

function isInteger(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}
