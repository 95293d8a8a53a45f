import { PostlogError } from '../errors/postlog-error.js';
import type { Appended, BatchToAppend } from '../log/append.store.js';
import { offset } from '../record/offset.js';
import { verifyBatch } from '../record/record-batch.js';
import type { ClientBroker } from './log-requests.js';

export interface ProduceBatch {
  readonly partitionId: number;
  readonly leaderEpoch: number;
  /** `max.message.bytes` of the topic. */
  readonly maxMessageBytes: number;
  readonly bytes: Buffer;
}

/** Kafka's numbers: -1 is all in-sync replicas. */
export type RequiredAcks = -1 | 0 | 1;

/** What can be told before the last partition has its answer. */
export interface ProduceProgress {
  /** Everything is appended or refused; what is left is to wait for other replicas. */
  readonly onAppended: () => void;
  /** One partition has its answer: it need not wait for the others. */
  readonly onAnswer: (answer: Appended) => void;
}

/**
 * Appends one batch to each of several partitions and tells who waits for them.
 *
 * The batch's checksum is compared before it is stored: what is stored is what was sent. Where the partition has no other replica,
 * `acks` 1 and -1 both mean: committed and flushed here. Where it has, -1 is refused while too few are in sync, and waits until
 * the high watermark is past the batch, also past one that was stored by an earlier attempt (rule B15). An answer with an offset and an
 * error says that the records are stored, and not known to be on all in-sync replicas.
 *
 * @throws PostlogError for the request as a whole: `CORRUPT_MESSAGE`, `MESSAGE_TOO_LARGE` before any effect; connection
 * errors with `outcome: 'unknown'`. Refusals of single partitions are in the answer.
 */
export async function handleProduce(
  broker: ClientBroker,
  batches: readonly ProduceBatch[],
  acks: RequiredAcks = -1,
  progress?: ProduceProgress,
): Promise<Appended[]> {
  const checked = batches.map(checkBatch);
  const answers = await broker.log.append(checked, acks === -1);
  const appended = answers.filter(({ error }) => error === undefined);
  // The append itself wakes the followers of the others.
  broker.announceAppend(appended.filter(({ isReplicated }) => !isReplicated).map(({ partitionId }) => partitionId));
  if (acks !== -1) return answers;
  const counts = new Map(checked.map(({ partitionId, recordCount }) => [partitionId, recordCount]));
  if (!answers.some(({ isReplicated }) => isReplicated)) return answers;
  progress?.onAppended();
  return Promise.all(
    answers.map(async (appended) => {
      const answer = await untilReplicated(broker, appended, counts.get(appended.partitionId) ?? 0);
      progress?.onAnswer(answer);
      return answer;
    }),
  );
}

async function untilReplicated(broker: ClientBroker, answer: Appended, recordCount: number): Promise<Appended> {
  const { partitionId, baseOffset, leaderEpoch } = answer;
  if (answer.error !== undefined || !answer.isReplicated || baseOffset === undefined || leaderEpoch === undefined)
    return answer;
  const requiredOffset = offset(baseOffset + BigInt(recordCount));
  const error = await broker.watermarks.wait(
    { partitionId, requiredOffset, leaderEpoch, isAlone: answer.isrSize === 1 },
    broker.requestTimeout,
  );
  return { ...answer, error };
}

function checkBatch({ partitionId, leaderEpoch, maxMessageBytes, bytes }: ProduceBatch): BatchToAppend {
  if (bytes.length > maxMessageBytes) {
    throw new PostlogError(
      'MESSAGE_TOO_LARGE',
      `a batch of ${bytes.length} bytes is over max.message.bytes (${maxMessageBytes}); send smaller records or raise the topic's setting.`,
    );
  }
  const header = verifyBatch(bytes);
  return {
    partitionId,
    leaderEpoch,
    recordCount: header.recordCount,
    maxTimestamp: header.maxTimestamp,
    producerId: header.producerId,
    producerEpoch: header.producerEpoch,
    baseSequence: header.baseSequence,
    bytes,
  };
}
