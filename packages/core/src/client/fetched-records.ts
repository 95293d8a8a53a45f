import type { StoredBatch } from '../log/log.store.js';
import type { ConsumedMessage } from '../record/messages.js';
import { offset, type Offset } from '../record/offset.js';
import { decodeBatch } from '../record/record-batch-reader.js';
import { verifyBatch } from '../record/record-batch.js';

/** Records of one fetch, decoded, in order; all of one leader epoch. */
export interface FetchedRecords {
  readonly messages: ConsumedMessage[];
  readonly highWatermark: Offset;
  readonly bytes: number;
  /** Where reading goes on after these. */
  readonly nextOffset: Offset;
  /** Of the leader that wrote them; -1 when there are none. */
  readonly leaderEpoch: number;
}

/** Those of the records that come before an offset; all, when it is past them or before the first. */
export function recordsBefore(records: FetchedRecords, end: Offset): FetchedRecords {
  const count = records.messages.findIndex((message) => BigInt(message.offset) >= end);
  return count <= 0 ? records : { ...records, messages: records.messages.slice(0, count), nextOffset: end };
}

/**
 * Decodes what a fetch brought from an offset on, up to where the leader epoch changes: whoever commits an offset says the
 * epoch of the record before it (rule C25). The rest comes with the next fetch.
 *
 * @throws PostlogError `CORRUPT_MESSAGE`
 */
export function decodeFetched(batches: readonly StoredBatch[], from: Offset, highWatermark: Offset): FetchedRecords {
  const leaderEpoch = batches[0]?.leaderEpoch ?? -1;
  const change = batches.findIndex((batch) => batch.leaderEpoch !== leaderEpoch);
  let bytes = 0;
  let nextOffset = from;
  const decoded = (change < 0 ? batches : batches.slice(0, change)).map((batch) => {
    verifyBatch(batch.bytes);
    bytes += batch.bytes.length;
    nextOffset = offset(batch.lastOffset + 1n);
    return decodeBatch(batch.bytes, { baseOffset: batch.baseOffset, fromOffset: from });
  });
  return {
    messages: decoded.length === 1 ? decoded[0]! : decoded.flat(),
    highWatermark,
    bytes,
    nextOffset,
    leaderEpoch,
  };
}
