import type { ConsumedMessage, EachBatchPayload, EachMessagePayload } from '@postlog/core';
import { headerText, TYPE_HEADER } from '../publish/control-headers.js';
import { readPayload } from '../publish/payload.js';
import type { Answers } from '../request/answers.js';
import { readRequest } from '../request/request-headers.js';
import { checkValue } from '../topic/check-value.js';
import type { TopicDirectory } from '../topic/topic-directory.js';
import { Attempts } from './attempts.js';
import { callHandler, callSignal } from './call-handler.js';
import type { HandlingContext, HandlingPlace } from './handling.context.js';
import { BatchItemError, PostlogBatchContext, type LogRecord } from './postlog-batch.context.js';
import { PostlogContext } from './postlog.context.js';
import { handlerName, recordHandler, requestHandler, type Handler, type Route } from './route.js';

export interface HandlingOptions {
  readonly route: Route;
  readonly topics: TopicDirectory;
  readonly answers: Answers;
  /** Runs a handler between Nest's processing hooks. */
  readonly around: (context: HandlingContext, run: () => Promise<void>) => Promise<void>;
  readonly onFailure: (context: HandlingContext, error: unknown) => void;
  /** Aborts when the subscription gives up. */
  readonly stopping: AbortSignal;
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** What a subscription does with its records: the right handler, the right payload, and what became of it. */
export class Handling {
  readonly #options: HandlingOptions;
  readonly #attempts = new Attempts();
  /** Once true, a batch ends at its next slice. */
  isPaused = false;
  /** When a call last came to an end, in milliseconds since 1970. */
  endedAt = Date.now();

  constructor(options: HandlingOptions) {
    this.#options = options;
  }

  /** One record. Those that nobody here takes pass by. */
  record({ topic, partition, message }: EachMessagePayload): Promise<void> | void {
    const { route, answers } = this.#options;
    const request = readRequest(message.headers);
    this.endedAt = Date.now();
    if (request?.kind === 'cancel') return answers.cancel(request.id);
    const asked = request === undefined ? undefined : requestHandler(route, request.pattern);
    if (request !== undefined && asked !== undefined)
      return answers
        .answer(request, { handler: asked, topic, partition, group: route.group, message })
        .finally(() => (this.endedAt = Date.now()));
    const handler = recordHandler(route, headerText(message.headers, TYPE_HEADER));
    if (handler === undefined) return;
    return this.#attempt(handler, { topic, partition }, message.offset, (shared) => ({
      context: new PostlogContext({ ...shared, message }),
      payload: () => this.#payload(handler, topic, message),
    }));
  }

  /** A batch, in slices of at most the handler's size. What is done of it is marked slice by slice. */
  async batch({ batch, resolveOffset, isRunning, isStale }: EachBatchPayload): Promise<void> {
    const handler = this.#options.route.handlers[0]!;
    const { topic, partition, messages } = batch;
    for (let from = 0; from < messages.length; from += handler.batchSize) {
      if (this.isPaused || !isRunning() || isStale()) return;
      const slice = messages.slice(from, from + handler.batchSize);
      // A rest waits for others: it comes again, with them or once it has waited long enough.
      if (from > 0 && slice.length < handler.batchSize && handler.batchWaitMs > 0) return;
      await this.#slice(handler, { topic, partition }, slice, resolveOffset);
    }
  }

  async #slice(
    handler: Handler,
    place: Place,
    slice: readonly ConsumedMessage[],
    resolve: (offset: string) => void,
  ): Promise<void> {
    const { records, invalid } = await this.#readAll(handler, place.topic, slice);
    const last = records.at(-1)?.offset;
    try {
      const firstOffset = slice[0]!.offset;
      await this.#attempt(handler, place, firstOffset, (shared) => ({
        context: new PostlogBatchContext({ ...shared, firstOffset, lastOffset: last ?? firstOffset }),
        // What comes before a record that does not fit its schema is handled first.
        payload: () => (records.length === 0 ? Promise.reject(invalid) : records),
      }));
    } catch (error) {
      if (error instanceof BatchItemError && error.index > 0 && error.index < records.length)
        resolve(records[error.index - 1]!.offset);
      throw error;
    }
    if (last !== undefined) resolve(last);
    if (invalid !== undefined) throw invalid;
  }

  async #readAll(handler: Handler, topic: string, slice: readonly ConsumedMessage[]) {
    const records: LogRecord[] = [];
    for (const message of slice) {
      try {
        const { headers, offset, timestamp } = message;
        const value = await this.#payload(handler, topic, message);
        const type = headerText(headers, TYPE_HEADER);
        records.push({ value, key: message.key?.toString() ?? null, headers, type, offset, timestamp });
      } catch (error) {
        return { records, invalid: error };
      }
    }
    return { records, invalid: undefined };
  }

  /** A promise only where a schema needs one. */
  #payload({ contract }: Handler, topic: string, message: ConsumedMessage): unknown {
    const value = readPayload(message);
    const known = contract ?? this.#options.topics.contractNamed(topic);
    return known?.checkOnReceive === true ? checkValue(known, value) : value;
  }

  /** One call: with its number, within its time, between the hooks; a failure is told with what was really thrown. */
  async #attempt(
    handler: Handler,
    { topic, partition }: Place,
    offset: string,
    prepare: (shared: HandlingPlace) => { context: HandlingContext; payload: () => unknown },
  ): Promise<void> {
    const { route, around, onFailure, stopping } = this.#options;
    const { signal, within } = callSignal(handler, stopping);
    const attempt = this.#attempts.next(topic, partition, offset);
    const { context, payload } = prepare({
      topic,
      partition,
      group: route.group,
      handler: handlerName(handler),
      attempt,
      signal,
    });
    try {
      await within(around(context, () => callHandler(handler, payload, context)));
      this.#attempts.done(topic, partition, offset);
    } catch (error) {
      const real = context.thrown ?? error;
      this.#attempts.failed(topic, partition, offset);
      onFailure(context, real);
      throw real;
    } finally {
      this.endedAt = Date.now();
    }
  }
}
