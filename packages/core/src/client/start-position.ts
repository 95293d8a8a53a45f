import { PostlogError } from '../errors/postlog-error.js';
import { offset, type Offset } from '../record/offset.js';
import { decodeBatch } from '../record/record-batch-reader.js';
import type { Cluster, PartitionPlace } from './cluster.js';
import type { OffsetReset } from './consumer-types.js';
import { demandLogEnds, latestOffset } from './log-ends.js';

/** Where to begin in a partition, when no offset says so. */
export type StartPosition = OffsetReset | { readonly timestamp: number };

/** @throws PostlogError `UNKNOWN_TOPIC_OR_PARTITION`, `NO_OFFSET_FOR_PARTITION` */
export async function findStart(cluster: Cluster, place: PartitionPlace, start: StartPosition): Promise<Offset> {
  const name = `${place.topic}-${place.partition}`;
  if (start === 'none') {
    throw new PostlogError(
      'NO_OFFSET_FOR_PARTITION',
      `${name} has no committed offset that could be read from, and autoOffsetReset is none; ` +
        'commit one (admin.resetOffsets, or seek), or choose earliest or latest.',
    );
  }
  const ends = (await demandLogEnds(cluster, [place])).get(place.partitionId)!;
  if (start === 'earliest') return ends.logStartOffset;
  if (start === 'latest') return latestOffset(place, ends);
  return (await offsetAtTime(cluster, place, ends.logStartOffset, start.timestamp)) ?? latestOffset(place, ends);
}

/** The first record from an offset on that is not older than a time (rule G49); undefined when all are. */
export async function offsetAtTime(
  cluster: Cluster,
  place: PartitionPlace,
  from: Offset,
  timestamp: number,
): Promise<Offset | undefined> {
  const { broker } = await cluster.leaderOf(place);
  for (let next = from; ;) {
    const batch = await broker.log.batchAtTime(place.partitionId, next, timestamp);
    if (batch === undefined) return undefined;
    const records = decodeBatch(batch.bytes, { baseOffset: batch.baseOffset, fromOffset: next });
    const found = records.find((record) => Number(record.timestamp) >= timestamp);
    if (found !== undefined) return offset(BigInt(found.offset));
    next = offset(batch.lastOffset + 1n);
  }
}
