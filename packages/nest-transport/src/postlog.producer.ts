import { Inject, Injectable } from '@nestjs/common';
import type { Acks, Headers, Postlog, Producer, RecordMetadata } from '@postlog/core';
import { writePayload } from './payload.js';
import { POSTLOG } from './tokens.js';

export interface SendOptions {
  /** Records of one key stay in one partition, in order. */
  readonly key?: string | Uint8Array | null;
  readonly headers?: Headers;
  readonly partition?: number;
  readonly acks?: Acks;
}

export interface OutgoingRecord extends Omit<SendOptions, 'acks'> {
  readonly value: unknown;
}

/** Publishes: inject it by its class. Objects go as JSON, text and bytes as they are. */
@Injectable()
export class PostlogProducer {
  readonly #producer: Producer;

  constructor(@Inject(POSTLOG) postlog: Postlog) {
    this.#producer = postlog.producer();
  }

  /** Resolves with the record's place once it is stored. @throws PostlogError as core's `send` does. */
  async send(topic: string, value: unknown, { acks, ...options }: SendOptions = {}): Promise<RecordMetadata> {
    const [place] = await this.sendBatch(topic, [{ value, ...options }], acks === undefined ? {} : { acks });
    return place!;
  }

  /** Several records of one topic in one request. */
  sendBatch(
    topic: string,
    records: readonly OutgoingRecord[],
    options: { readonly acks?: Acks } = {},
  ): Promise<RecordMetadata[]> {
    const messages = records.map(({ value, ...rest }) => ({ ...rest, value: writePayload(value) }));
    return this.#producer.send({ topic, messages, ...options });
  }

  /** Resolves when everything handed over so far is stored or has failed. */
  flush(): Promise<void> {
    return this.#producer.flush();
  }
}
