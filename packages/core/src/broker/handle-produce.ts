import { PostlogError } from '../errors/postlog-error.js';
import { append, type Appended, type BatchToAppend } from '../log/log.store.js';
import { verifyBatch } from '../record/record-batch.js';
import type { Broker } from './broker.js';

export interface ProduceBatch {
  readonly partitionId: number;
  readonly leaderEpoch: number;
  /** `max.message.bytes` of the topic. */
  readonly maxMessageBytes: number;
  readonly bytes: Buffer;
}

/**
 * Appends one batch to each of several partitions and tells who waits for them.
 *
 * The batch's checksum is compared before it is stored: what is stored is what was sent. With one replica the high
 * watermark is the log end, so `acks` 1 and `all` both mean: committed and flushed here.
 *
 * @throws PostlogError for the request as a whole: `CORRUPT_MESSAGE`, `MESSAGE_TOO_LARGE` before any effect; connection
 * errors with `outcome: 'unknown'`. Refusals of single partitions are in the answer.
 */
export async function handleProduce(broker: Broker, batches: readonly ProduceBatch[]): Promise<Appended[]> {
  const answers = await append(broker.database, batches.map(checkBatch));
  const appended = answers.filter((answer) => answer.error === undefined).map((answer) => answer.partitionId);
  if (appended.length > 0) broker.announceAppend(appended);
  return answers;
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
