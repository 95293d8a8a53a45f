import { PostlogError } from '../errors/postlog-error.js';
import { batchAtTime, logEnds } from '../log/log.store.js';
import type { Database } from '../postgres/database.js';
import { offset, type Offset } from '../record/offset.js';
import { decodeBatch } from '../record/record-batch-reader.js';
import type { OffsetReset } from './consumer-types.js';

/** Where to begin in a partition, when no offset says so. */
export type StartPosition = OffsetReset | { readonly timestamp: number };

/** @throws PostlogError `UNKNOWN_TOPIC_OR_PARTITION`, `NO_OFFSET_FOR_PARTITION` */
export async function findStart(
  database: Database,
  place: { readonly topic: string; readonly partition: number; readonly partitionId: number },
  start: StartPosition,
): Promise<Offset> {
  const name = `${place.topic}-${place.partition}`;
  if (start === 'none') {
    throw new PostlogError(
      'NO_OFFSET_FOR_PARTITION',
      `${name} has no committed offset that could be read from, and autoOffsetReset is none; ` +
        'commit one (admin.resetOffsets, or seek), or choose earliest or latest.',
    );
  }
  const [ends] = await logEnds(database, [place.partitionId]);
  if (ends === undefined) throw new PostlogError('UNKNOWN_TOPIC_OR_PARTITION', `${name} is gone.`);
  if (start === 'earliest') return ends.logStartOffset;
  if (start === 'latest') return ends.logEndOffset;
  return (await offsetAtTime(database, place.partitionId, ends.logStartOffset, start.timestamp)) ?? ends.logEndOffset;
}

/** The first record from an offset on that is not older than a time (rule G49); undefined when all are. */
export async function offsetAtTime(
  database: Database,
  partitionId: number,
  from: Offset,
  timestamp: number,
): Promise<Offset | undefined> {
  for (let next = from; ;) {
    const batch = await batchAtTime(database, partitionId, next, timestamp);
    if (batch === undefined) return undefined;
    const records = decodeBatch(batch.bytes, { baseOffset: batch.baseOffset, fromOffset: next });
    const found = records.find((record) => Number(record.timestamp) >= timestamp);
    if (found !== undefined) return offset(BigInt(found.offset));
    next = offset(batch.lastOffset + 1n);
  }
}
