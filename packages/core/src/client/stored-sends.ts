import type { Delivery, DueTime } from '../delivery/delay.store.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { OutboxRow } from '../outbox/publish.store.js';
import type { Clock } from '../runtime/clock.js';
import type { Applications } from './applications.js';
import { invalid, shown } from './check-options.js';
import { withOwnBytes, type CheckedTopic } from './checked-topic.js';
import { estimatedDueAt } from './due-time.js';
import { buildRows, encodeRows, type EncodedRows } from './encode-rows.js';
import type { TopicMetadata } from './metadata-cache.js';
import type { PendingRecordMetadata, ScheduledDelivery } from './producer-types.js';

export interface StoredSendsOptions {
  readonly applications: Applications;
  readonly clock: Clock;
  readonly uuid: () => string;
  readonly batchSize: number;
  readonly deliveryTimeoutMs: number;
  /** What is known of a topic without waiting. */
  readonly peek: (topic: string) => TopicMetadata | undefined;
  readonly find: (topic: string) => Promise<TopicMetadata>;
  readonly choose: (metadata: TopicMetadata, topic: CheckedTopic) => readonly number[];
}

/** In an object, so that the next in line need not wait for what is still to come. */
interface Written<T> {
  readonly outcome: T | Promise<T>;
}

/**
 * Sends whose records wait in a table: of the outbox, for the commit of a user's transaction; or until they are due. What is sent in one
 * transaction, or in none, is written in the order of the calls.
 */
export class StoredSends {
  readonly #options: StoredSendsOptions;
  /** The last send of each handle. */
  readonly #turns = new WeakMap<object, Promise<void>>();
  /** Stands for the handle of sends in no transaction. */
  readonly #alone = {};

  constructor(options: StoredSendsOptions) {
    this.#options = options;
  }

  /** @throws PostlogError before any effect; errors of the transaction */
  async publish(transaction: unknown, topics: readonly CheckedTopic[]): Promise<PendingRecordMetadata[]> {
    const { applications, clock } = this.#options;
    const handle = checkHandle(transaction);
    return this.#inTurn(handle, topics, clock.now(), async (rows, places) => {
      if (rows.length === 0) return { outcome: places };
      const { application, ...entered } = await applications.enter(handle);
      await application.outbox.publish(entered, rows);
      return { outcome: places };
    });
  }

  /** Keeps records until they are due. @throws PostlogError */
  async schedule(topics: readonly CheckedTopic[], due: DueTime): Promise<ScheduledDelivery> {
    const { applications, deliveryTimeoutMs } = this.#options;
    const { delays } = applications.keeper;
    return this.#scheduleIn(this.#alone, topics, due, (delivery) => {
      return Promise.resolve({ outcome: delays.write(delivery, deliveryTimeoutMs) });
    });
  }

  /** The same in a user's transaction. @throws PostlogError before any effect; errors of the transaction */
  async scheduleIn(transaction: unknown, topics: readonly CheckedTopic[], due: DueTime): Promise<ScheduledDelivery> {
    const handle = checkHandle(transaction);
    return this.#scheduleIn(handle, topics, due, async (delivery) => {
      const { application, ...entered } = await this.#options.applications.enter(handle);
      return { outcome: await application.delays.writeIn(entered, delivery) };
    });
  }

  /** Withdraws a delivery; in a transaction after what was sent in it before. @throws PostlogError; errors of the transaction */
  async cancel(id: string, terms: { readonly transaction?: unknown }): Promise<boolean> {
    const { applications } = this.#options;
    if (!('transaction' in terms)) {
      for (const { delays } of applications.all) if (await delays.cancel(id)) return true;
      return false;
    }
    const handle = checkHandle(terms.transaction);
    return this.#afterOthers(handle, async () => {
      const { application, ...entered } = await applications.enter(handle);
      return { outcome: await application.delays.cancelIn(entered, id) };
    });
  }

  #scheduleIn(
    handle: object,
    topics: readonly CheckedTopic[],
    due: DueTime,
    write: (delivery: Delivery) => Promise<Written<number>>,
  ): Promise<ScheduledDelivery> {
    const id = this.#options.uuid();
    const estimate = estimatedDueAt(due, this.#options.clock.now());
    return this.#inTurn(handle, topics, estimate, async (rows, partitions) => {
      const scheduled = (dueAt: number) => ({ id, deliverAt: new Date(dueAt), partitions });
      if (rows.length === 0) return { outcome: scheduled(estimate) };
      const { outcome } = await write({ id, due, rows });
      return { outcome: typeof outcome === 'number' ? scheduled(outcome) : outcome.then(scheduled) };
    });
  }

  /** Encodes records at once where that is possible, and writes them when it is their turn. */
  #inTurn<T>(
    handle: object,
    topics: readonly CheckedTopic[],
    timestamp: number,
    write: (rows: readonly OutboxRow[], places: PendingRecordMetadata[]) => Promise<Written<T>>,
  ): Promise<T> {
    const { peek, find } = this.#options;
    const known = topics.map(({ topic }) => peek(topic));
    const isKnown = known.every((each) => each !== undefined);
    // Encoded now, or copied: what the caller does to its messages after this call has no effect.
    const encoded = isKnown ? this.#encode(topics, known, timestamp) : undefined;
    const kept = isKnown ? topics : topics.map(withOwnBytes);
    return this.#afterOthers(handle, async () => {
      const found = encoded ?? this.#encode(kept, await Promise.all(kept.map(({ topic }) => find(topic))), timestamp);
      return write(await buildRows(found), found.places);
    });
  }

  #encode(topics: readonly CheckedTopic[], metadata: readonly TopicMetadata[], timestamp: number): EncodedRows {
    const { choose, batchSize } = this.#options;
    const chosen = topics.map((topic, index) => choose(metadata[index]!, topic));
    return encodeRows(topics, metadata, chosen, { timestamp, batchSize });
  }

  async #afterOthers<T>(handle: object, step: () => Promise<Written<T>>): Promise<T> {
    const previous = this.#turns.get(handle);
    const turn = (async () => {
      await previous;
      return step();
    })();
    this.#turns.set(
      handle,
      turn.then(
        () => {},
        () => {},
      ),
    );
    return (await turn).outcome;
  }
}

/** Where records are stored first, there is nothing to wait for, and no batch yet. */
export function checkStoredTerms(terms: object): void {
  const why =
    'transaction' in terms
      ? 'with a transaction, whose records are appended after its commit'
      : 'with a send that is delivered later';
  for (const name of ['acks', 'compression'] as const) {
    if (name in terms && (terms as Readonly<Record<string, unknown>>)[name] !== undefined)
      throw invalid(`${name} is of no use ${why}; leave it out`);
  }
}

function checkHandle(transaction: unknown): object {
  if (typeof transaction === 'object' && transaction !== null) return transaction;
  throw new PostlogError(
    'INVALID_TXN_STATE',
    `transaction is ${transaction === undefined ? 'undefined' : shown(transaction)}; give the transaction to publish in, or leave the option out to publish at once.`,
  );
}
