import { Server, type MessageHandler } from '@nestjs/microservices';
import type { Postlog } from '@postlog/core';
import { unknownName } from '../known-names.js';
import type { PostlogModuleOptions } from '../module/postlog.options.js';
import { Answers } from '../request/answers.js';
import { prepareInboxTopic } from '../request/inbox.js';
import { demandTopics } from '../topic/prepare-topics.js';
import type { TransactionScope } from '../publish/transaction-scope.js';
import type { TopicDirectory } from '../topic/topic-directory.js';
import { bootSummary } from './boot-summary.js';
import { defineHandler } from './define-handler.js';
import type { HandlingContext } from './handling.context.js';
import { Listeners } from './listeners.js';
import { RouteTable } from './route-table.js';
import type { HandlerDefinition, Route } from './route.js';
import { checkSettings } from './subscribe-options.js';
import { Subscription } from './subscription.js';

export type PostlogStatus = 'connected' | 'rebalancing' | 'paused' | 'stopped' | 'crashed';

// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
export type PostlogServerEvents = {
  /** A call of a handler failed; what becomes of the records, `retry` and `onExhausted` say. */
  failure: (context: HandlingContext, error: unknown) => void;
  crash: (error: unknown) => void;
};

export interface ServerParts {
  readonly postlog: Postlog;
  readonly topics: TopicDirectory;
  readonly options: PostlogModuleOptions;
  readonly scope: TransactionScope;
  /** Sees to it that declared topics exist; answers what is otherwise than declared. */
  readonly prepare: () => Promise<readonly string[]>;
  readonly transportId: symbol;
}

const DRAIN_TIMEOUT_MS = 10_000;
type PostlogServerBase = Server<PostlogServerEvents, PostlogStatus>;

/**
 * The microservice strategy: event handlers become subscriptions, keyed by topic and group, so that two groups on one topic
 * succeed and fail independently (Nest's base class would chain them under one outcome).
 */
export class PostlogServer extends Server<PostlogServerEvents, PostlogStatus> {
  override readonly transportId: symbol;
  override readonly propagatesEventHandlerErrors = true;
  readonly #parts: ServerParts;
  readonly #table = new RouteTable();
  readonly #listeners = new Listeners<PostlogServerEvents>();
  readonly #answers: Answers;
  #subscriptions: readonly Subscription[] = [];
  #closing: Promise<void> | undefined;
  /** Whether anybody has set one of Nest's processing hooks. */
  #isTraced = false;
  /** Whether Nest has given this server its handlers (`connectPostlog`, `postlogMicroservice`). */
  isAttached = false;

  constructor(parts: ServerParts) {
    super();
    this.#parts = parts;
    this.transportId = parts.transportId;
    this.#answers = new Answers({
      producer: parts.postlog.producer(),
      around: (context, run) => this.#withHooks(context, run),
      onLost: (pattern, error) => this.logger.error(`the answer to ${pattern} could not be sent: ${describe(error)}`),
    });
  }

  /** @throws PostlogError with the line to change: no group, no topic, a record that two handlers would take. */
  override addHandler(
    pattern: unknown,
    call: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    this.isAttached = true;
    const { topics, options: module } = this.#parts;
    const definition = defineHandler({ pattern, call, isEventHandler, extras }, { topics, module });
    this.#table.add(definition);
    call.isEventHandler = isEventHandler;
    call.extras = extras;
    this.messageHandlers.set(keyOf(definition), call);
  }

  /** Never throws: what goes wrong reaches the callback, as `startAllMicroservices` needs. */
  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      await this.#start();
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** One for each (topic, group) that is consumed. */
  get subscriptions(): readonly Subscription[] {
    return this.#subscriptions;
  }

  /** Stops taking records; those that are being handled go on. The first step of a shutdown. */
  pause(): void {
    for (const subscription of this.#subscriptions) subscription.pause();
  }

  /** Waits for running handlers at most `drainTimeoutMs`, commits, leaves the groups, then aborts the rest. */
  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  on<Event extends keyof PostlogServerEvents>(event: Event, listener: PostlogServerEvents[Event]): void {
    this.#listeners.on(event, listener);
  }

  /** Core's `Postlog`. */
  unwrap<T>(): T {
    return this.#parts.postlog as T;
  }

  async #start(): Promise<void> {
    const { options } = this.#parts;
    const routes = this.#table.all;
    this.#checkOverrides(routes);
    const warnings = await this.#prepareTopics(routes);
    this.logger.log(`Postlog ${bootSummary(routes, options.consume !== false, warnings)}`);
    if (options.consume !== false) {
      this.#subscriptions = routes.map((route) => this.#subscription(route));
      for (const subscription of this.#subscriptions) await subscription.start();
    }
    this._status$.next('connected');
  }

  /** @throws PostlogError `INVALID_CONFIG` for settings of a handler that is not there. */
  #checkOverrides(routes: readonly Route[]): void {
    const ids = routes.flatMap(({ handlers }) => handlers.flatMap(({ id }) => id ?? []));
    for (const [id, settings] of Object.entries(this.#parts.options.subscriptions ?? {})) {
      if (!ids.includes(id)) throw unknownName(`subscriptions names "${id}", and no @Subscribe() has that id`, id, ids);
      checkSettings(settings, `subscriptions['${id}']`);
    }
  }

  /** Answers what is otherwise than declared. A topic of requests is declared by who answers them. */
  async #prepareTopics(routes: readonly Route[]): Promise<readonly string[]> {
    const { postlog, options, prepare } = this.#parts;
    const { createTopics = 'declared', consume = true, allowAutoTopicCreation = false } = options;
    const warnings = await prepare();
    if (!consume) return warnings;
    const asked = routes.filter(({ handlers }) => handlers.some(({ takes }) => takes === 'requests'));
    if (asked.length > 0 && createTopics === 'declared') {
      const specs = asked.map(({ topic, handlers }) => ({ topic: String(topic), ...handlers[0]!.contract?.spec }));
      await postlog.admin().createTopics({ topics: specs });
    }
    if (asked.length > 0) await prepareInboxTopic(postlog, createTopics);
    const named = routes.flatMap(({ topic }) => (typeof topic === 'string' ? topic : []));
    if (!allowAutoTopicCreation && named.length > 0) await demandTopics(postlog.admin(), named);
    return warnings;
  }

  #subscription(route: Route): Subscription {
    const { postlog, topics, options, scope } = this.#parts;
    return new Subscription({
      postlog,
      topics,
      scope,
      route,
      module: options,
      answers: this.#answers,
      around: (context, run) => this.#withHooks(context, run),
      onFailure: (context, error) => {
        const { place, group, attempt } = context;
        this.logger.error(`the handler of ${place} in group ${group} failed (attempt ${attempt}): ${describe(error)}`);
        this.#listeners.emit('failure', context, error);
      },
      onState: () => this.#tellStatus(),
      onCrash: (error) => this.#listeners.emit('crash', error),
    });
  }

  #tellStatus(): void {
    const states = this.#subscriptions.map(({ state }) => state);
    const worst = (['crashed', 'rebalancing', 'paused'] as const).find((state) => states.includes(state));
    if (states.every((state) => state === 'stopped')) return; // `close` says so when all is done.
    this._status$.next(worst ?? 'connected');
  }

  override setOnProcessingStartHook(...args: Parameters<PostlogServerBase['setOnProcessingStartHook']>): void {
    this.#isTraced = true;
    super.setOnProcessingStartHook(...args);
  }

  override setOnProcessingEndHook(...args: Parameters<PostlogServerBase['setOnProcessingEndHook']>): void {
    this.#isTraced = true;
    super.setOnProcessingEndHook(...args);
  }

  /** The end hook runs exactly once, also when the handler fails: it closes a span of whoever traces. */
  #withHooks(context: HandlingContext, run: () => Promise<void>): Promise<void> {
    if (!this.#isTraced) return run();
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
    const stopped = Promise.all(this.#subscriptions.map((subscription) => subscription.stop()));
    const drainTimeoutMs = this.#parts.options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS;
    let timer: NodeJS.Timeout | undefined;
    const isDrained = await Promise.race([
      stopped.then(() => true),
      new Promise<boolean>((resolve) => (timer = setTimeout(resolve, drainTimeoutMs, false))),
    ]);
    clearTimeout(timer);
    for (const subscription of this.#subscriptions) subscription.abort();
    this.#answers.abort();
    if (!isDrained)
      this.logger.warn(`handlers still run after ${drainTimeoutMs} ms; their records are handled again by others`);
    this._status$.next('stopped');
    this.#listeners.clear();
  }
}

/** What Nest's own tools see of a handler. */
function keyOf({ topic, group, handler }: HandlerDefinition): string {
  const part = handler.pattern ?? handler.types?.join('|');
  return `${String(topic)}@${group}${part === undefined ? '' : `#${part}`}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : (JSON.stringify(error) ?? String(error));
}
