import type {
  Consumer,
  EachBatchPayload,
  EachMessagePayload,
  EntityManagerHandle,
  Postlog,
  RunOptions,
  TransactionHandle,
} from '@postlog/core';
import type { PostlogModuleOptions } from '../module/postlog.options.js';
import { failureOptions } from './failure-settings.js';
import { Handling, type HandlingOptions } from './handling.js';
import type { Route } from './route.js';
import type { RunInTransaction } from './transactions.js';

export type SubscriptionState = 'starting' | 'connected' | 'rebalancing' | 'paused' | 'crashed' | 'stopped';

export interface SubscriptionParts extends Omit<HandlingOptions, 'stopping'> {
  readonly postlog: Postlog;
  readonly module: PostlogModuleOptions;
  readonly onState: () => void;
  readonly onCrash: (error: unknown) => void;
}

const COMMIT_EVERY_MS = 1_000;
const CONCURRENCY = 16;
/** Requests of one partition that are answered at the same time. */
const REQUEST_CONCURRENCY = 64;
/** What becomes of failing handlers is `failureOptions`' to say. */
const FOR_EVER = 1_000_000_000;
/** How long a call may take before its member leaves the group [core's own], and how much longer than `timeoutMs`. */
const POLL_INTERVAL_MS = 300_000;
const BEYOND_TIMEOUT_MS = 60_000;

/** One (topic, group): a consumer of its own, with its own offsets and pace. */
export class Subscription {
  readonly route: Route;
  readonly #parts: SubscriptionParts;
  readonly #consumer: Consumer;
  readonly #handling: Handling;
  readonly #stopping = new AbortController();
  #state: SubscriptionState = 'starting';
  /** When it last gave a sign of life, in milliseconds since 1970. */
  heardAt = Date.now();

  constructor(parts: SubscriptionParts) {
    this.route = parts.route;
    this.#parts = parts;
    this.#handling = new Handling({ ...parts, stopping: this.#stopping.signal });
    this.#consumer = this.#makeConsumer();
  }

  get state(): SubscriptionState {
    return this.#state;
  }

  /** When a handler last came to an end, in milliseconds since 1970. */
  get handledAt(): number {
    return this.#handling.endedAt;
  }

  async start(): Promise<void> {
    const { topic, settings, handlers } = this.route;
    const { module } = this.#parts;
    await this.#consumer.subscribe({ topics: [topic], fromBeginning: settings.fromBeginning });
    const [handler] = handlers;
    const isBatch = handler?.takes === 'batches';
    const shared: RunOptions = {
      ...failureOptions(this.route, module),
      autoCommitInterval: module.autoCommitIntervalMs ?? COMMIT_EVERY_MS,
      partitionsConsumedConcurrently: settings.concurrency ?? module.concurrency ?? CONCURRENCY,
      ...(isBatch
        ? {
            eachBatchAutoResolve: false,
            eachBatchMinRecords: handler.batchSize,
            eachBatchWaitMs: handler.batchWaitMs,
          }
        : {}),
    };
    const run = isBatch
      ? { ...shared, eachBatch: (batch: EachBatchPayload) => this.#handling.batch(batch) }
      : { ...shared, eachMessage: (record: EachMessagePayload) => this.#handling.record(record) };
    if (settings.transaction === true) {
      await this.#consumer.run<TransactionHandle>({ ...run, ...transactionOptions(module), transactional: true });
    } else if (isBatch) {
      await this.#consumer.run(run);
    } else {
      const keyConcurrency = settings.keyConcurrency ?? (takesRequests(this.route) ? REQUEST_CONCURRENCY : 1);
      await this.#consumer.run({ ...run, keyConcurrency });
    }
  }

  /** No record is begun any more; those that are being handled go on. */
  pause(): void {
    this.#handling.isPaused = true;
    const { topic } = this.route;
    this.#consumer.pause(typeof topic === 'string' ? [{ topic }] : this.#consumer.assignment());
    if (this.#state !== 'stopped') this.#enter('paused');
  }

  /** Takes records again, also of partitions that `onExhausted: 'pause'` paused. */
  resume(): void {
    this.#handling.isPaused = false;
    const { topic } = this.route;
    const all = typeof topic === 'string' ? [{ topic }] : [];
    this.#consumer.resume([...all, ...this.#consumer.assignment()]);
    if (this.#state === 'paused') this.#state = 'connected';
    this.#parts.onState();
  }

  /** Waits for the handlers that run, commits what they finished, leaves the group; a group of this process alone is deleted. */
  async stop(): Promise<void> {
    await this.#consumer.disconnect();
    this.#enter('stopped');
    if (this.route.isPerInstance)
      await this.#parts.postlog
        .admin()
        .deleteGroups([this.route.group])
        .catch(() => {});
  }

  /** Tells handlers that still run to give up (`context.signal`). */
  abort(): void {
    this.#stopping.abort();
  }

  #makeConsumer(): Consumer {
    const { module, postlog } = this.#parts;
    const consumer = postlog.consumer({
      groupId: this.route.group,
      retry: { retries: FOR_EVER },
      maxPollIntervalMs: longestCallMs(this.route),
      ...(module.sessionTimeout === undefined ? {} : { sessionTimeout: module.sessionTimeout }),
    });
    const { events } = consumer;
    consumer.on(events.HEARTBEAT, () => this.#heard());
    consumer.on(events.FETCH, () => this.#heard());
    consumer.on(events.GROUP_JOIN, () => this.#enter('connected'));
    consumer.on(events.REBALANCING, () => this.#enter('rebalancing'));
    consumer.on(events.CRASH, ({ payload }) => {
      this.#enter('crashed');
      this.#parts.onCrash(payload['error']);
    });
    return consumer;
  }

  #heard(): void {
    this.heardAt = Date.now();
    if (this.#state === 'starting') this.#enter('connected');
  }

  /** What was paused or stopped stays so. */
  #enter(state: SubscriptionState): void {
    this.heardAt = Date.now();
    if (this.#state === state || this.#state === 'stopped') return;
    if (this.#state === 'paused' && state !== 'stopped') return;
    this.#state = state;
    this.#parts.onState();
  }
}

function takesRequests({ handlers }: Route): boolean {
  return handlers.some(({ takes }) => takes === 'requests');
}

function longestCallMs({ handlers }: Route): number {
  const longest = Math.max(0, ...handlers.map(({ timeoutMs = 0 }) => timeoutMs));
  return Math.min(2 ** 31 - 1, Math.max(POLL_INTERVAL_MS, longest + BEYOND_TIMEOUT_MS));
}

/** Whose transactions they are. */
function transactionOptions({ application, dataSource, runInTransaction }: PostlogModuleOptions) {
  const begin =
    dataSource === undefined
      ? runInTransaction
      : (work: (manager: EntityManagerHandle) => Promise<void>) => dataSource.transaction(work);
  return {
    ...(application === undefined ? {} : { application }),
    ...(begin === undefined ? {} : { runInTransaction: begin as RunInTransaction }),
  };
}
