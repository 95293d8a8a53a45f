import type { RequiredAcks } from '../broker/handle-produce.js';
import { checkMessage } from '../record/check-message.js';
import type { CompressionName } from '../record/compression.js';
import { estimateRecordBytes } from '../record/record-batch-builder.js';
import { checkTopicName } from '../record/topic-name.js';
import { invalid } from './check-options.js';
import type { CheckedTopic } from './checked-topic.js';
import { checkAcks, checkCompression, type ResolvedProducerOptions } from './producer-options.js';
import type { ProducerSendBatch } from './producer-types.js';

/** A send that can be carried out as far as its arguments go. */
export interface CheckedSend {
  readonly topics: readonly CheckedTopic[];
  readonly bytes: number;
  readonly acks: RequiredAcks;
  readonly compression: CompressionName | undefined;
}

/** Everything that can be wrong with the call, before any effect. @throws PostlogError */
export function checkSend(
  batches: ProducerSendBatch['topicMessages'],
  { acks, compression }: { readonly acks?: unknown; readonly compression?: unknown },
  defaults: Pick<ResolvedProducerOptions, 'acks' | 'compression'>,
): CheckedSend {
  let bytes = 0;
  const topics = batches.map(({ topic, messages }) => {
    const name = checkTopicName(topic);
    if (!Array.isArray(messages)) throw invalid('messages must be an array of { key, value, … }');
    const checked = (messages as readonly unknown[]).map(checkMessage);
    const sizes = checked.map(estimateRecordBytes);
    for (const size of sizes) bytes += size;
    return { topic: name, messages: checked, sizes };
  });
  return {
    topics,
    bytes,
    acks: checkAcks(acks) ?? defaults.acks,
    compression: checkCompression(compression) ?? defaults.compression,
  };
}
