import {
  BatchItemError,
  type ConsumedMessage,
  type EachBatchPayload,
  type EachMessagePayload,
  type TransactionHandle,
} from '@postlog/core';
import { headerText, TYPE_HEADER } from '../publish/control-headers.js';
import { decodePayload, readPayload } from '../publish/payload.js';
import type { TransactionScope } from '../publish/transaction-scope.js';
import type { Answers } from '../request/answers.js';
import { readRequest } from '../request/request-headers.js';
import { checkValue } from '../topic/check-value.js';
import type { TopicDirectory } from '../topic/topic-directory.js';
import { callHandler, callSignal } from './call-handler.js';
import { failureOf, refusingForGood } from './failure.js';
import type { HandlingContext, HandlingPlace } from './handling.context.js';
import { keepThrown } from './keep-thrown.js';
import { PostlogBatchContext, type LogRecord } from './postlog-batch.context.js';
import { PostlogContext, Skipped } from './postlog.context.js';
import { handlerName, recordHandler, requestHandler, type Handler, type Route } from './route.js';

export interface HandlingOptions {
  readonly route: Route;
  readonly topics: TopicDirectory;
  readonly answers: Answers;
  readonly scope: TransactionScope;
  /** Runs a handler between Nest's processing hooks. */
  readonly around: (context: HandlingContext, run: () => Promise<void>) => Promise<void>;
  readonly onFailure: (context: HandlingContext, error: unknown) => void;
  /** Aborts when the subscription gives up. */
  readonly stopping: AbortSignal;
}

/** Which call it is. */
interface Call {
  readonly topic: string;
  readonly partition: number;
  readonly attempt: number;
  readonly tx: TransactionHandle | undefined;
}

type InTransaction<Payload> = Payload & { readonly transaction?: TransactionHandle };

/** What a subscription does with its records: the right handler, the right payload, and what became of it. */
export class Handling {
  readonly #options: HandlingOptions;
  /** Once true, a batch ends at its next slice. */
  isPaused = false;
  /** When a call last came to an end, in milliseconds since 1970. */
  endedAt = Date.now();

  constructor(options: HandlingOptions) {
    this.#options = options;
  }

  /** One record. Those that nobody here takes pass by. */
  record({ topic, partition, message, attempt, transaction }: InTransaction<EachMessagePayload>): Promise<void> | void {
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
    return this.#call(handler, { topic, partition, attempt, tx: transaction }, (shared) => ({
      context: new PostlogContext({ ...shared, message }),
      payload: () => this.#payload(handler, topic, message),
    }));
  }

  /** A batch, in slices of at most the handler's size. What is done of it is marked slice by slice; a transaction is for one slice. */
  async batch({ batch, attempt, transaction: tx, ...control }: InTransaction<EachBatchPayload>): Promise<void> {
    const handler = this.#options.route.handlers[0]!;
    const { topic, partition, messages } = batch;
    for (let from = 0; from < messages.length; from += handler.batchSize) {
      if (this.isPaused || !control.isRunning() || control.isStale() || (tx !== undefined && from > 0)) return;
      const slice = messages.slice(from, from + handler.batchSize);
      // A rest waits for others: it comes again, with them or once it has waited long enough.
      if (from > 0 && slice.length < handler.batchSize && handler.batchWaitMs > 0) return;
      const call = { topic, partition, attempt: from === 0 ? attempt : 1, tx };
      if (!(await this.#slice(handler, call, { slice, from, resolve: control.resolveOffset }))) return;
    }
  }

  /** Whether all of it is done: what comes before a record that does not fit its schema is handled first, and that begins the next batch. */
  async #slice(
    handler: Handler,
    call: Call,
    { slice, from, resolve }: { slice: readonly ConsumedMessage[]; from: number; resolve: (offset: string) => void },
  ): Promise<boolean> {
    const { records, invalid } = await this.#readAll(handler, call.topic, slice);
    const last = records.at(-1)?.offset;
    const firstOffset = slice[0]!.offset;
    try {
      await this.#call(handler, call, (shared) => ({
        context: new PostlogBatchContext({ ...shared, firstOffset, lastOffset: last ?? firstOffset }),
        payload: () => (records.length === 0 ? Promise.reject(invalid) : records),
      }));
    } catch (error) {
      throw error instanceof BatchItemError ? inBatch(error, from, records.length) : error;
    }
    if (last !== undefined) resolve(last);
    return invalid === undefined;
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
    const known = contract ?? this.#options.topics.contractNamed(topic);
    if (known === undefined) return readPayload(message);
    return refusingForGood(() => {
      const value = decodePayload(message, known);
      return known.checkOnReceive ? checkValue(known, value) : value;
    });
  }

  /** One call: within its time, between the hooks, in its transaction; a failure is told with what was really thrown. */
  async #call(
    handler: Handler,
    { topic, partition, attempt, tx }: Call,
    prepare: (shared: HandlingPlace) => { context: HandlingContext; payload: () => unknown },
  ): Promise<void> {
    const { route, around, scope, onFailure, stopping } = this.#options;
    const { signal, within } = callSignal(handler, stopping);
    const name = handlerName(handler);
    const { context, payload } = prepare({ topic, partition, group: route.group, handler: name, attempt, signal, tx });
    const run = () => around(context, () => keepThrown(context, () => callHandler(handler, payload, context)));
    try {
      await within(tx === undefined ? run() : scope.run(tx, run));
      if (context instanceof PostlogContext && context.said !== undefined) throw context.said;
    } catch (error) {
      const real = (context instanceof PostlogContext ? context.said : undefined) ?? failureOf(context, error);
      if (real instanceof Skipped) return;
      onFailure(context, real);
      throw real;
    } finally {
      this.endedAt = Date.now();
    }
  }
}

/** The same record, counted in its batch. One that was never in its slice cannot have failed: the slice did. */
function inBatch(error: BatchItemError, from: number, length: number): BatchItemError {
  const { index, cause } = error;
  return Number.isInteger(index) && index >= 0 && index < length
    ? new BatchItemError(from + index, cause)
    : new BatchItemError(from, error);
}
