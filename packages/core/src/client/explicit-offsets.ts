import { PostlogError } from '../errors/postlog-error.js';
import { checkPartition } from '../record/check-topic.js';
import { parseOffset } from '../record/offset.js';
import type { TopicPartition } from '../record/topic-partition.js';
import type { AssignedPartition } from './assigned-partition.js';
import { invalid } from './check-options.js';
import type { ExplicitOffset } from './offset-committer.js';
import type { TopicPartitionOffset } from './run-types.js';

const LONGEST_METADATA = 4_096;

/**
 * What a user commits, of partitions that `find` knows as assigned.
 *
 * @throws PostlogError `INVALID_CONFIG`, `UNKNOWN_MEMBER_ID`, `OFFSET_METADATA_TOO_LARGE`, `OFFSET_OUT_OF_RANGE`
 */
export function checkExplicitOffsets(
  offsets: readonly TopicPartitionOffset[],
  find: (place: TopicPartition) => AssignedPartition | undefined,
): ExplicitOffset[] {
  if (!Array.isArray(offsets)) throw invalid('commitOffsets() takes an array of { topic, partition, offset }');
  return (offsets as readonly TopicPartitionOffset[]).map(({ topic, partition, offset, metadata = null }) => {
    const assigned = find({ topic, partition: checkPartition(partition) });
    if (assigned === undefined) {
      throw new PostlogError(
        'UNKNOWN_MEMBER_ID',
        `${topic}-${partition} is not assigned to this consumer; commit what assignment() lists.`,
      );
    }
    if (metadata !== null && (typeof metadata !== 'string' || Buffer.byteLength(metadata) > LONGEST_METADATA)) {
      throw new PostlogError(
        'OFFSET_METADATA_TOO_LARGE',
        `metadata for ${topic}-${partition} must be text of at most ${LONGEST_METADATA} bytes.`,
      );
    }
    return { partition: assigned, offset: parseOffset(offset), metadata };
  });
}
