import type { ConsumedMessage, Producer } from '@postlog/core';
import { isObservable, type Observable } from 'rxjs';
import type { HandlingContext } from '../consume/handling.context.js';
import { PostlogContext } from '../consume/postlog.context.js';
import { handlerName, type Handler } from '../consume/route.js';
import { readPayload } from '../publish/payload.js';
import { checkValue } from '../topic/check-value.js';
import { Replies } from './replies.js';
import type { Request } from './request-headers.js';

export interface AnswersOptions {
  readonly producer: Producer;
  /** Runs a handler between Nest's processing hooks. */
  readonly around: (context: HandlingContext, run: () => Promise<void>) => Promise<void>;
  /** An answer could not be sent: whoever asked will time out. */
  readonly onLost: (pattern: string, error: unknown) => void;
}

/** What is asked, and of whom. */
export interface Asked {
  readonly handler: Handler;
  readonly topic: string;
  readonly partition: number;
  readonly group: string;
  readonly message: ConsumedMessage;
}

/**
 * Answers requests. A request is never handled again because its handler failed: the failure is the answer. Those that came
 * too late are passed over, those whose asker has gone are told so by `context.signal`.
 */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #running = new Map<string, AbortController>();

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  async answer(request: Request, { handler, ...place }: Asked): Promise<void> {
    if (Date.now() > request.deadline) return;
    const { around, producer, onLost } = this.#options;
    const controller = new AbortController();
    this.#running.set(request.id, controller);
    const context = new PostlogContext({
      ...place,
      handler: handlerName(handler),
      attempt: 1,
      signal: controller.signal,
    });
    const replies = new Replies(producer, request);
    try {
      await around(context, () => untilAborted(respond(handler, context, place.message, replies), controller.signal));
    } catch (error) {
      replies.error(error);
    } finally {
      this.#running.delete(request.id);
    }
    await replies.sent().catch((error: unknown) => onLost(request.pattern, error));
  }

  cancel(id: string): void {
    this.#running.get(id)?.abort();
  }

  /** A shutdown has waited long enough. */
  abort(): void {
    for (const controller of this.#running.values()) controller.abort();
  }
}

async function respond(
  handler: Handler,
  context: PostlogContext,
  message: ConsumedMessage,
  replies: Replies,
): Promise<void> {
  const result: unknown = await handler.call(await payloadOf(handler, message), context);
  if (isObservable(result)) await stream(result as Observable<unknown>, replies, context.signal);
  else replies.last(result);
}

/** A handler that goes on although nobody waits is left alone: it must not hold up the requests after it. */
function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return Promise.race([
    work,
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
  ]);
}

async function payloadOf({ contract }: Handler, message: ConsumedMessage): Promise<unknown> {
  const value = readPayload(message);
  return contract?.checkOnReceive === true ? checkValue(contract, value) : value;
}

/** A value goes out as soon as it is known not to be the last one, which the end of the turn shows. */
function stream(values: Observable<unknown>, replies: Replies, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiting: unknown[] = [];
    const flush = () => {
      for (const value of waiting.splice(0)) replies.next(value);
    };
    const subscription = values.subscribe({
      next: (value) => {
        if (waiting.push(value) === 1) process.nextTick(flush);
      },
      error: (error: unknown) => {
        flush();
        // eslint-disable-next-line prefer-promise-reject-errors
        reject(error);
      },
      complete: () => {
        const last = waiting.pop();
        flush();
        if (last === undefined) replies.end();
        else replies.last(last);
        resolve();
      },
    });
    const giveUp = () => {
      subscription.unsubscribe();
      resolve();
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
}
