import type { LogRequests } from '../broker/log-requests.js';
import type { BatchToAppend, Appended } from '../log/append.store.js';
import type { LogEnds, PartitionToRead, ReadPartition, StoredBatch } from '../log/log.store.js';
import { checkSequence } from '../log/producer-state.js';
import type { ConsumedMessage } from '../record/messages.js';
import { offset, type Offset } from '../record/offset.js';
import { decodeBatch } from '../record/record-batch-reader.js';

/** Under which everything is written: nobody else ever leads. */
const LEADER_EPOCH = 0;

class Partition {
  readonly partitionId: number;
  batches: readonly StoredBatch[] = [];
  logStart = offset(0);
  logEnd = offset(0);

  constructor(partitionId: number) {
    this.partitionId = partitionId;
  }
}

/** The log of a broker in memory: what `log/` and its functions in SQL do, for one that is alone. */
export class InMemoryLog implements LogRequests {
  readonly #partitions = new Map<number, Partition>();

  create(partitionId: number): void {
    this.#partitions.set(partitionId, new Partition(partitionId));
  }

  delete(partitionId: number): void {
    this.#partitions.delete(partitionId);
  }

  append(batches: readonly BatchToAppend[]): Promise<Appended[]> {
    return Promise.resolve(batches.map((batch) => this.#append(batch)));
  }

  /** Everything that is kept of a partition. */
  recordsOf(partitionId: number): ConsumedMessage[] {
    const { batches = [], logStart = offset(0) } = this.#partitions.get(partitionId) ?? {};
    return batches.flatMap(({ bytes, baseOffset }) => decodeBatch(bytes, { baseOffset, fromOffset: logStart }));
  }

  /** Whole batches, at least one where there is one; nothing for a partition without news. */
  read(requests: readonly PartitionToRead[], limits: { readonly partitionMaxBytes: number }): Promise<ReadPartition[]> {
    return Promise.resolve(
      requests.flatMap(({ partitionId, fetchOffset }, index) => {
        const partition = this.#partitions.get(partitionId);
        if (partition === undefined) return [refused(index, partitionId, 'UNKNOWN_TOPIC_OR_PARTITION')];
        const { logStart, logEnd } = partition;
        if (fetchOffset < logStart || fetchOffset > logEnd) return [refused(index, partitionId, 'OFFSET_OUT_OF_RANGE')];
        const batches = within(partition.batches, fetchOffset, limits.partitionMaxBytes);
        if (batches.length === 0) return [];
        return [{ index, partitionId, error: undefined, logStartOffset: logStart, highWatermark: logEnd, batches }];
      }),
    );
  }

  ends(partitionIds: readonly number[]): Promise<LogEnds[]> {
    const known = partitionIds.flatMap((partitionId) => this.#partitions.get(partitionId) ?? []);
    return Promise.resolve(
      known.map(({ partitionId, logStart, logEnd }) => ({
        partitionId,
        role: 'leader',
        leaderEpoch: LEADER_EPOCH,
        epochStartOffset: offset(0),
        logStartOffset: logStart,
        logEndOffset: logEnd,
        highWatermark: logEnd,
        isrSize: 1,
        minIsr: 1,
      })),
    );
  }

  batchAtTime(partitionId: number, from: Offset, timestamp: number): Promise<StoredBatch | undefined> {
    const batches = this.#partitions.get(partitionId)?.batches ?? [];
    return Promise.resolve(
      batches.find(({ lastOffset, maxTimestamp }) => lastOffset >= from && maxTimestamp >= BigInt(timestamp)),
    );
  }

  advanceStart(partitionId: number, to: Offset): ReturnType<LogRequests['advanceStart']> {
    const partition = this.#partitions.get(partitionId);
    if (partition === undefined || to > partition.logEnd) {
      const error = partition === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'OFFSET_OUT_OF_RANGE';
      return Promise.resolve({ error, logStartOffset: undefined });
    }
    if (to > partition.logStart) partition.logStart = to;
    partition.batches = partition.batches.filter(({ lastOffset }) => lastOffset >= partition.logStart);
    return Promise.resolve({ error: undefined, logStartOffset: partition.logStart });
  }

  endOfEpoch(partitionId: number): Promise<{ readonly epoch: number; readonly endOffset: Offset }> {
    const endOffset = this.#partitions.get(partitionId)?.logEnd ?? offset(0);
    return Promise.resolve({ epoch: LEADER_EPOCH, endOffset });
  }

  #append({ partitionId, recordCount, maxTimestamp, bytes, ...sent }: BatchToAppend): Appended {
    const answer = { partitionId, leaderEpoch: LEADER_EPOCH, isReplicated: false };
    const partition = this.#partitions.get(partitionId);
    const nowhere = { ...answer, baseOffset: undefined, logStartOffset: undefined };
    if (partition === undefined) return { ...nowhere, error: 'UNKNOWN_TOPIC_OR_PARTITION' };
    const check = checkSequence({ ...sent, recordCount }, sent.producerId < 0n ? [] : last(partition, sent.producerId));
    if (check.kind === 'refuse') return { ...nowhere, error: check.error };
    const { logStart, logEnd } = partition;
    if (check.kind === 'repeat')
      return { ...answer, error: undefined, baseOffset: offset(check.baseOffset), logStartOffset: logStart };
    partition.logEnd = offset(logEnd + BigInt(recordCount));
    partition.batches = [
      ...partition.batches,
      {
        baseOffset: logEnd,
        lastOffset: offset(partition.logEnd - 1n),
        leaderEpoch: LEADER_EPOCH,
        bytes,
        maxTimestamp: BigInt(Math.floor(maxTimestamp)),
        producerId: sent.producerId,
        producerEpoch: sent.producerEpoch,
        baseSequence: check.baseSequence,
      },
    ];
    return { ...answer, error: undefined, baseOffset: logEnd, logStartOffset: logStart };
  }
}

/** A producer's last batches, newest first. */
function last({ batches }: Partition, producerId: bigint) {
  return batches
    .filter((batch) => batch.producerId === producerId)
    .slice(-5)
    .reverse()
    .map((batch) => ({ ...batch, recordCount: Number(batch.lastOffset - batch.baseOffset) + 1 }));
}

function within(batches: readonly StoredBatch[], from: Offset, maxBytes: number): StoredBatch[] {
  const chosen: StoredBatch[] = [];
  let bytes = 0;
  for (const batch of batches) {
    if (batch.lastOffset < from) continue;
    if (chosen.length > 0 && bytes + batch.bytes.length > maxBytes) break;
    chosen.push(batch);
    bytes += batch.bytes.length;
  }
  return chosen;
}

function refused(index: number, partitionId: number, error: NonNullable<ReadPartition['error']>): ReadPartition {
  return { index, partitionId, error, logStartOffset: undefined, highWatermark: undefined, batches: [] };
}
