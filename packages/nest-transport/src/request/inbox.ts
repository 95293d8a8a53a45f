import { randomInt, randomUUID } from 'node:crypto';
import { PostlogError, type ConsumedMessage, type Consumer, type Postlog } from '@postlog/core';
import type { CreateTopics } from '../topic/prepare-topics.js';
import { INBOX_TOPIC, readReply, type ReplyKind } from './request-headers.js';

const PARTITIONS = 8;
const RETENTION_MS = 3_600_000;

/** An answer, as it came. */
export interface Reply {
  readonly id: string;
  readonly kind: ReplyKind;
  readonly message: ConsumedMessage;
}

/** Where the answers to one client's requests come in. Opened by its first request; no group, nothing to set up. */
export class Inbox {
  readonly id = randomUUID();
  readonly #postlog: Postlog;
  readonly #createTopics: CreateTopics;
  readonly #onReply: (reply: Reply) => void;
  #opening: Promise<number> | undefined;
  #consumer: Consumer | undefined;

  constructor(postlog: Postlog, createTopics: CreateTopics, onReply: (reply: Reply) => void) {
    this.#postlog = postlog;
    this.#createTopics = createTopics;
    this.#onReply = onReply;
  }

  /** The partition that answers go to. A failure is not remembered: the next request tries again. */
  open(): Promise<number> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async close(): Promise<void> {
    await this.#consumer?.disconnect();
  }

  async #open(): Promise<number> {
    await prepareInboxTopic(this.#postlog, this.#createTopics);
    const partitions = await this.#postlog.admin().fetchTopicOffsets(INBOX_TOPIC);
    const { partition, high: offset } = partitions[randomInt(partitions.length)]!;
    const consumer = this.#postlog.consumer({});
    // From where the log ends now: no answer to a request of ours can be before it.
    await consumer.assign([{ topic: INBOX_TOPIC, partition, offset }]);
    await consumer.run({
      eachMessage: ({ message }) => {
        const reply = readReply(message.headers, this.id);
        if (reply !== undefined) this.#onReply({ ...reply, message });
      },
    });
    this.#consumer = consumer;
    return partition;
  }
}

/**
 * Sees to it that the topic of answers exists. Safe when several processes do so at once.
 *
 * @throws PostlogError `UNKNOWN_TOPIC_OR_PARTITION` when it is missing and may not be created
 */
export async function prepareInboxTopic(postlog: Postlog, createTopics: CreateTopics): Promise<void> {
  if (createTopics === 'never') {
    if ((await postlog.admin().listTopics()).includes(INBOX_TOPIC)) return;
    throw new PostlogError(
      'UNKNOWN_TOPIC_OR_PARTITION',
      `answers go through topic ${INBOX_TOPIC}, which does not exist, and createTopics is 'never'; create it: postlog topics ` +
        `create --topic ${INBOX_TOPIC} --partitions ${PARTITIONS} --config retention.ms=${RETENTION_MS}.`,
    );
  }
  const configEntries = [{ name: 'retention.ms', value: String(RETENTION_MS) }];
  await postlog.admin().createTopics({ topics: [{ topic: INBOX_TOPIC, numPartitions: PARTITIONS, configEntries }] });
}
