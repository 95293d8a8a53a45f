import { Inject, Injectable } from '@nestjs/common';
import { Server, type MessageHandler } from '@nestjs/microservices';
import { PostlogError, type Postlog } from '@postlog/core';
import type { PostlogContext } from './postlog.context.js';
import type { PostlogModuleOptions } from './postlog.options.js';
import { SUBSCRIBE_EXTRAS, type SubscribeOptions } from './subscribe.decorator.js';
import { Subscription } from './subscription.js';
import { POSTLOG, POSTLOG_OPTIONS, POSTLOG_TRANSPORT } from './tokens.js';

export type PostlogStatus = 'connected' | 'stopped' | 'crashed';

// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
export type PostlogServerEvents = {
  /** A handler failed; it is called again with the same record. */
  failure: (context: PostlogContext, error: unknown) => void;
  crash: (error: unknown) => void;
};

const DRAIN_TIMEOUT_MS = 10_000;

/**
 * The microservice strategy: each event handler becomes a subscription of its own, keyed by topic and group, so that two
 * groups on one topic succeed and fail independently (Nest's base class would chain them under one outcome).
 */
@Injectable()
export class PostlogServer extends Server<PostlogServerEvents, PostlogStatus> {
  override readonly transportId = POSTLOG_TRANSPORT;
  override readonly propagatesEventHandlerErrors = true;
  readonly #postlog: Postlog;
  readonly #options: PostlogModuleOptions;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #listeners = new Map<keyof PostlogServerEvents, Set<PostlogServerEvents[keyof PostlogServerEvents]>>();
  #closing: Promise<void> | undefined;
  /** Whether Nest has given this server its handlers (`connectPostlog`, `postlogMicroservice`). */
  isAttached = false;

  constructor(@Inject(POSTLOG) postlog: Postlog, @Inject(POSTLOG_OPTIONS) options: PostlogModuleOptions) {
    super();
    this.#postlog = postlog;
    this.#options = options;
  }

  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    this.isAttached = true;
    if (!isEventHandler) {
      throw new PostlogError(
        'INVALID_REQUEST',
        `@MessagePattern(${JSON.stringify(pattern)}) is not supported by this version; use @Subscribe or @EventPattern.`,
      );
    }
    if (typeof pattern !== 'string') {
      throw new PostlogError(
        'INVALID_TOPIC_EXCEPTION',
        `a handler's pattern is ${JSON.stringify(pattern)}; give a topic's name.`,
      );
    }
    const subscribe = (extras[SUBSCRIBE_EXTRAS] ?? {}) as SubscribeOptions;
    const group = subscribe.group ?? this.#options.group;
    if (group === undefined) {
      throw new PostlogError(
        'INVALID_GROUP_ID',
        `the handler of ${pattern} has no group; write @Subscribe('${pattern}', { group: '…' }), or give PostlogModule.forRoot a group.`,
      );
    }
    const key = `${pattern}@${group}`;
    if (this.#subscriptions.has(key)) {
      throw new PostlogError(
        'INVALID_GROUP_ID',
        `two handlers subscribe to ${pattern} in group ${group}: each record would be handled by one of them only; write @Subscribe('${pattern}', { group: '${group}-2' }) at one.`,
      );
    }
    callback.isEventHandler = true;
    callback.extras = extras;
    this.messageHandlers.set(key, callback);
    this.#subscriptions.set(key, this.#subscription(pattern, group, callback, subscribe));
  }

  /** Never throws: what goes wrong reaches the callback, as `startAllMicroservices` needs. */
  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      if (this.#options.consume !== false)
        for (const subscription of this.#subscriptions.values()) await subscription.start();
      this._status$.next('connected');
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** Stops taking records; those that are being handled go on. The first step of a shutdown. */
  pause(): void {
    for (const subscription of this.#subscriptions.values()) subscription.pause();
  }

  /** Waits for running handlers at most `drainTimeoutMs`, commits, leaves the groups, then aborts the rest. */
  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  on<Event extends keyof PostlogServerEvents>(event: Event, listener: PostlogServerEvents[Event]): void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
  }

  /** Core's `Postlog`. */
  unwrap<T>(): T {
    return this.#postlog as T;
  }

  #subscription(topic: string, group: string, handler: MessageHandler, subscribe: SubscribeOptions): Subscription {
    return new Subscription({
      postlog: this.#postlog,
      topic,
      group,
      handler,
      subscribe,
      module: this.#options,
      around: (context, run) => this.#withHooks(context, run),
      onFailure: (context, error) => {
        const place = `${context.topic}-${context.partition} at ${context.offset}`;
        this.logger.error(`the handler of ${place} in group ${group} failed and is called again: ${describe(error)}`);
        this.#emit('failure', context, error);
      },
      onCrash: (error) => {
        this._status$.next('crashed');
        this.#emit('crash', error);
      },
    });
  }

  /** The end hook runs exactly once, also when the handler fails: it closes a span of whoever traces. */
  #withHooks(context: PostlogContext, run: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onProcessingStartHook(this.transportId, context, async () => {
        try {
          await run();
          resolve();
        } catch (error) {
          // eslint-disable-next-line prefer-promise-reject-errors
          reject(error);
        } finally {
          this.onProcessingEndHook?.(this.transportId, context);
        }
      });
    });
  }

  async #drain(): Promise<void> {
    this.pause();
    const all = [...this.#subscriptions.values()];
    const stopped = Promise.all(all.map((subscription) => subscription.stop()));
    const drainTimeoutMs = this.#options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS;
    const isDrained = await Promise.race([
      stopped.then(() => true),
      new Promise<boolean>((resolve) => setTimeout(resolve, drainTimeoutMs, false).unref()),
    ]);
    for (const subscription of all) subscription.abort();
    if (!isDrained)
      this.logger.warn(`handlers still run after ${drainTimeoutMs} ms; their records are handled again by others`);
    this._status$.next('stopped');
  }

  #emit<Event extends keyof PostlogServerEvents>(event: Event, ...args: Parameters<PostlogServerEvents[Event]>): void {
    for (const listener of this.#listeners.get(event) ?? [])
      (listener as (...args: Parameters<PostlogServerEvents[Event]>) => void)(...args);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
