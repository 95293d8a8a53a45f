import type { Message } from '../record/messages.js';

/** Checked messages of one topic, and beside each the bytes it takes at most. */
export interface CheckedTopic {
  readonly topic: string;
  readonly messages: readonly Message[];
  readonly sizes: readonly number[];
}

/** The same with bytes of its own: what the caller changes later has no effect. */
export function withOwnBytes(topic: CheckedTopic): CheckedTopic {
  return {
    ...topic,
    messages: topic.messages.map((message) => {
      const { key, value } = message;
      return {
        ...message,
        ...(key instanceof Uint8Array ? { key: Buffer.from(key) } : {}),
        ...(value instanceof Uint8Array ? { value: Buffer.from(value) } : {}),
      };
    }),
  };
}
