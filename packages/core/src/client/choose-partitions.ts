import { PostlogError } from '../errors/postlog-error.js';
import { checkPartition } from '../record/check-topic.js';
import { parseOffset, type Offset } from '../record/offset.js';
import { checkTopicName } from '../record/topic-name.js';
import { checkInteger, checkOptions, invalid } from './check-options.js';
import type { PartitionPlace } from './cluster.js';
import type { ConsumerAssign } from './consumer-types.js';
import type { MetadataCache } from './metadata-cache.js';
import type { StartPosition } from './start-position.js';

/** What `assign` names, found. @throws PostlogError `INVALID_CONFIG`, `UNKNOWN_TOPIC_OR_PARTITION` */
export async function choosePartitions(
  given: readonly ConsumerAssign[],
  metadata: MetadataCache,
): Promise<{ readonly place: PartitionPlace; readonly start: Offset | StartPosition | undefined }[]> {
  if (!Array.isArray(given)) throw invalid('assign() takes an array of { topic, partition }');
  const checked = (given as readonly ConsumerAssign[]).map((each) => ({
    topic: checkTopicName(each.topic),
    partition: checkPartition(each.partition),
    start: checkStart(each, 'assign()'),
  }));
  return Promise.all(
    checked.map(async ({ topic, partition, start }) => {
      const { partitions } = await metadata.get(topic);
      const found = partitions[partition] ?? (await metadata.find(topic))?.partitions[partition];
      if (found === undefined) {
        throw new PostlogError(
          'UNKNOWN_TOPIC_OR_PARTITION',
          `${topic} has partitions 0 to ${partitions.length - 1}, not ${partition}.`,
        );
      }
      return { place: { topic, partition, partitionId: found.partitionId }, start };
    }),
  );
}

/** An offset or a time to begin at; undefined when neither is given. @throws PostlogError `INVALID_CONFIG` */
export function checkStart(
  given: { readonly topic: string; readonly partition: number; readonly offset?: string; readonly timestamp?: number },
  what: string,
): Offset | StartPosition | undefined {
  const { offset, timestamp } = checkOptions(given, ['topic', 'partition', 'offset', 'timestamp'], what);
  if (offset !== undefined && timestamp !== undefined)
    throw invalid(`${what} takes an offset or a timestamp, not both`);
  if (timestamp === undefined) return offset === undefined ? undefined : parseOffset(offset);
  return {
    timestamp: checkInteger(timestamp, 'timestamp', { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 }),
  };
}
