import { PostlogError } from '../errors/postlog-error.js';
import type { OutboxRow } from '../outbox/publish.store.js';
import { buildAsWorthWhile } from '../record/build-as-worth-while.js';
import { RecordBatchBuilder } from '../record/record-batch-builder.js';
import { NO_PRODUCER } from '../record/record-batch.js';
import type { Clock } from '../runtime/clock.js';
import type { Applications } from './applications.js';
import { invalid, shown } from './check-options.js';
import { withOwnBytes, type CheckedTopic } from './checked-topic.js';
import type { TopicMetadata } from './metadata-cache.js';
import type { PendingRecordMetadata } from './producer-types.js';

export interface TransactionalSendsOptions {
  readonly applications: Applications;
  readonly clock: Clock;
  readonly batchSize: number;
  /** What is known of a topic without waiting. */
  readonly peek: (topic: string) => TopicMetadata | undefined;
  readonly find: (topic: string) => Promise<TopicMetadata>;
  readonly choose: (metadata: TopicMetadata, topic: CheckedTopic) => readonly number[];
}

/** Rows of the outbox whose records are encoded. */
interface Encoded {
  readonly rows: readonly {
    readonly partitionId: number;
    readonly maxBatchBytes: number;
    readonly builder: RecordBatchBuilder;
  }[];
  readonly places: PendingRecordMetadata[];
}

/** Publishes inside users' transactions: what is sent in one transaction is written in the order of the calls. */
export class TransactionalSends {
  readonly #options: TransactionalSendsOptions;
  /** The last send of each handle. */
  readonly #turns = new WeakMap<object, Promise<void>>();

  constructor(options: TransactionalSendsOptions) {
    this.#options = options;
  }

  /** @throws PostlogError before any effect; errors of the transaction */
  async publish(transaction: unknown, topics: readonly CheckedTopic[]): Promise<PendingRecordMetadata[]> {
    const { peek, find } = this.#options;
    if (typeof transaction !== 'object' || transaction === null) throw noHandle(transaction);
    const known = topics.map(({ topic }) => peek(topic));
    const isKnown = known.every((each) => each !== undefined);
    // Encoded now, or copied: what the caller does to its messages after this call has no effect.
    const encoded = isKnown ? this.#encode(topics, known) : undefined;
    const kept = isKnown ? topics : topics.map(withOwnBytes);
    const previous = this.#turns.get(transaction);
    const turn = (async () => {
      await previous;
      const { rows, places } = encoded ?? this.#encode(kept, await Promise.all(kept.map(({ topic }) => find(topic))));
      if (rows.length > 0) await this.#write(transaction, await Promise.all(rows.map(buildRow)));
      return places;
    })();
    this.#turns.set(
      transaction,
      turn.then(
        () => {},
        () => {},
      ),
    );
    return turn;
  }

  async #write(handle: object, rows: readonly OutboxRow[]): Promise<void> {
    const { application, ...entered } = await this.#options.applications.enter(handle);
    await application.outbox.publish(entered, rows);
  }

  #encode(topics: readonly CheckedTopic[], metadata: readonly TopicMetadata[]): Encoded {
    const { choose, clock, batchSize } = this.#options;
    const now = clock.now();
    const chosen = topics.map((topic, index) => choose(metadata[index]!, topic));
    const rows: Encoded['rows'][number][] = [];
    const places = new Map<number, PendingRecordMetadata>();
    const open = new Map<number, RecordBatchBuilder>();
    for (const [index, { topic, messages, sizes }] of topics.entries()) {
      const { partitions, config } = metadata[index]!;
      const maxBatchBytes = Math.min(batchSize, config.maxMessageBytes);
      for (const [place, message] of messages.entries()) {
        const partition = chosen[index]![place]!;
        const { partitionId } = partitions[partition]!;
        let builder = open.get(partitionId);
        if (builder === undefined || builder.sizeInBytes + sizes[place]! > maxBatchBytes) {
          builder = new RecordBatchBuilder();
          open.set(partitionId, builder);
          places.set(partitionId, { topicName: topic, partition, errorCode: 0 });
          rows.push({ partitionId, maxBatchBytes, builder });
        }
        builder.append(message, now);
      }
    }
    return { rows, places: [...places.values()] };
  }
}

/** With a transaction there is nothing to wait for, and no batch yet. */
export function checkTransactionTerms(terms: object): void {
  for (const name of ['acks', 'compression'] as const) {
    if (name in terms && (terms as Readonly<Record<string, unknown>>)[name] !== undefined)
      throw invalid(
        `${name} is of no use with a transaction, whose records are appended after its commit; leave it out`,
      );
  }
}

async function buildRow({ partitionId, maxBatchBytes, builder }: Encoded['rows'][number]): Promise<OutboxRow> {
  const { bytes } = await buildAsWorthWhile(builder, NO_PRODUCER);
  return { partitionId, maxBatchBytes, recordCount: builder.recordCount, batch: bytes };
}

function noHandle(transaction: unknown): PostlogError {
  return new PostlogError(
    'INVALID_TXN_STATE',
    `transaction is ${transaction === undefined ? 'undefined' : shown(transaction)}; give the transaction to publish in, or leave the option out to publish at once.`,
  );
}
