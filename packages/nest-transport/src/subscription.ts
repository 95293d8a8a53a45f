import { isObservable, lastValueFrom, type Observable } from 'rxjs';
import type { MessageHandler } from '@nestjs/microservices';
import type { Consumer, EachMessagePayload, Postlog } from '@postlog/core';
import { readPayload } from './payload.js';
import { PostlogContext } from './postlog.context.js';
import type { PostlogModuleOptions } from './postlog.options.js';
import type { SubscribeOptions } from './subscribe.decorator.js';

export interface SubscriptionOptions {
  readonly postlog: Postlog;
  readonly topic: string;
  readonly group: string;
  readonly handler: MessageHandler;
  readonly subscribe: SubscribeOptions;
  readonly module: PostlogModuleOptions;
  /** Runs the handler between Nest's processing hooks. */
  readonly around: (context: PostlogContext, run: () => Promise<void>) => Promise<void>;
  readonly onFailure: (context: PostlogContext, error: unknown) => void;
  readonly onCrash: (error: unknown) => void;
}

const COMMIT_EVERY_MS = 1_000;
const CONCURRENCY = 16;
/** A record is never skipped: the handler is called until it succeeds or the process ends. */
const FOR_EVER = 1_000_000_000;

/** One (topic, group): a consumer of its own, with its own offsets and pace. */
export class Subscription {
  readonly topic: string;
  readonly group: string;
  readonly #options: SubscriptionOptions;
  readonly #consumer: Consumer;
  readonly #stopping = new AbortController();

  constructor(options: SubscriptionOptions) {
    const { module, postlog, topic, group } = options;
    this.#options = options;
    this.topic = topic;
    this.group = group;
    this.#consumer = postlog.consumer({
      groupId: group,
      retry: { retries: FOR_EVER, ...module.handlerRetry },
      ...(module.sessionTimeout === undefined ? {} : { sessionTimeout: module.sessionTimeout }),
    });
    this.#consumer.on(this.#consumer.events.CRASH, ({ payload }) => options.onCrash(payload['error']));
  }

  async start(): Promise<void> {
    const { module, subscribe } = this.#options;
    await this.#consumer.subscribe({ topics: [this.topic], fromBeginning: subscribe.fromBeginning ?? true });
    await this.#consumer.run({
      autoCommitInterval: module.autoCommitIntervalMs ?? COMMIT_EVERY_MS,
      partitionsConsumedConcurrently: subscribe.concurrency ?? module.concurrency ?? CONCURRENCY,
      eachMessage: (payload) => this.#handle(payload),
    });
  }

  /** No record is begun any more; those that are being handled go on. */
  pause(): void {
    this.#consumer.pause([{ topic: this.topic }]);
  }

  /** Waits for the handlers that run, commits what they finished, leaves the group. */
  stop(): Promise<void> {
    return this.#consumer.disconnect();
  }

  /** Tells handlers that still run to give up (`context.signal`). */
  abort(): void {
    this.#stopping.abort();
  }

  async #handle({ topic, partition, message }: EachMessagePayload): Promise<void> {
    const context = new PostlogContext({ topic, partition, group: this.group, message, signal: this.#stopping.signal });
    try {
      await this.#options.around(context, () => this.#call(readPayload(message), context));
    } catch (error) {
      const real = context.thrown ?? error;
      this.#options.onFailure(context, real);
      throw real;
    }
  }

  /** A stream that completes without a value (a filter answered `EMPTY`) counts as handled. */
  async #call(payload: unknown, context: PostlogContext): Promise<void> {
    const result: unknown = await this.#options.handler(payload, context);
    if (isObservable(result)) await lastValueFrom(result as Observable<unknown>, { defaultValue: undefined });
  }
}
