import type { ClientBroker } from '../broker/log-requests.js';
import { originalHeaders, readDeadLetterHeaders } from '../delivery/dead-letter-headers.js';
import type { DeadLetterPlace } from '../delivery/dead-letter.store.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { ConsumedMessage } from '../record/messages.js';
import { offset, type Offset } from '../record/offset.js';
import type { Cluster, PartitionPlace } from './cluster.js';
import type { DeadLetter } from './dead-letters-types.js';
import { decodeFetched } from './fetched-records.js';
import { demandLogEnds } from './log-ends.js';

/** A record of a dead-letter topic that was not dealt with. */
export interface ScannedRecord {
  readonly place: DeadLetterPlace;
  /** Undefined: it is no dead letter, or none that we can read. */
  readonly letter: DeadLetter | undefined;
}

const READ_BYTES = 4_194_304;

/**
 * Shows `visit` one partition of a dead-letter topic, as far as it goes now: what is there and not dealt with, in order, until it answers false.
 * The same letter may come twice. Answers where it ended.
 */
export async function scanLetters(
  cluster: Cluster,
  place: PartitionPlace,
  visit: (record: ScannedRecord) => Promise<boolean> | boolean,
  from?: Offset,
): Promise<Offset> {
  const { partition, partitionId } = place;
  const { logStartOffset, highWatermark } = (await demandLogEnds(cluster, [place])).get(partitionId)!;
  const { broker, leaderEpoch } = await cluster.leaderOf(place);
  const handled = await broker.deadLetters.handledOffsets(partitionId);
  let next = from !== undefined && from > logStartOffset ? from : logStartOffset;
  while (next < highWatermark) {
    const records = await readFrom(broker, place, { next, leaderEpoch });
    if (records === undefined) {
      // Somebody else dealt with what was there, and the log begins later now.
      next = (await demandLogEnds(cluster, [place])).get(partitionId)!.logStartOffset;
      continue;
    }
    const { messages, nextOffset } = records;
    for (const message of messages) {
      const at = offset(BigInt(message.offset));
      if (at >= highWatermark || handled.has(at)) continue;
      if (!(await visit({ place: { partitionId, offset: at }, letter: letterOf(partition, message) }))) return at;
    }
    next = nextOffset;
  }
  return next;
}

/** Undefined when the log does not have this offset any more. */
async function readFrom(
  broker: ClientBroker,
  { topic, partition, partitionId }: PartitionPlace,
  { next, leaderEpoch }: { readonly next: Offset; readonly leaderEpoch: number },
) {
  const { signal } = new AbortController();
  const answer = await broker.fetches.fetch({
    partitionId,
    fetchOffset: next,
    leaderEpoch,
    maxBytes: READ_BYTES,
    signal,
  });
  if (answer?.error === 'OFFSET_OUT_OF_RANGE') return undefined;
  if (answer?.error !== undefined)
    throw new PostlogError(answer.error, `reading ${topic}-${partition} from ${next} was refused; try again.`);
  return decodeFetched(answer!.batches, next, answer!.highWatermark!);
}

function letterOf(partition: number, message: ConsumedMessage): DeadLetter | undefined {
  const origin = readDeadLetterHeaders(message.headers);
  if (origin === undefined) return undefined;
  const { topic, offset: at, timestamp, attempts, errorName, errorMessage, handlerId = null, idempotencyKey } = origin;
  return {
    id: `${partition}:${message.offset}`,
    topic,
    partition: origin.partition,
    offset: at,
    timestamp,
    key: message.key,
    value: message.value,
    headers: originalHeaders(message.headers),
    failedAt: message.timestamp,
    attempts,
    errorName,
    errorMessage,
    handlerId,
    idempotencyKey,
  };
}
