import type { ClientBroker } from '../broker/log-requests.js';
import type { DeadLetterPlace } from '../delivery/dead-letter.store.js';
import { buildAsWorthWhile } from '../record/build-as-worth-while.js';
import type { Message } from '../record/messages.js';
import { estimateRecordBytes, RecordBatchBuilder } from '../record/record-batch-builder.js';
import { NO_PRODUCER } from '../record/record-batch.js';
import type { Cluster, PartitionPlace } from './cluster.js';
import type { ScannedRecord } from './dead-letter-scan.js';
import type { DeadLetter } from './dead-letters-types.js';
import type { MetadataCache } from './metadata-cache.js';
import type { Producer } from './producer-types.js';

/** Names the record that a requeued one was, for handlers that must know it again. */
const REQUEUED_FROM = 'postlog-requeued-from';
const MOST_TOGETHER = 1_000;
const MOST_BYTES_TOGETHER = 1_048_576;

interface Target {
  readonly place: PartitionPlace;
  readonly builder: RecordBatchBuilder;
  readonly messages: Message[];
}

/** Takes dead letters of one partition out of the list. */
export interface Removal {
  /** How many are out, for certain. */
  readonly count: number;
  /** What is stored twice comes twice, and is counted with the first. It is out with this or a later call. */
  add(record: ScannedRecord & { readonly letter: DeadLetter }, isFirst: boolean): Promise<void>;
  flush(): Promise<void>;
  end(): Promise<void>;
}

/** What a removal needs, and the partition whose letters it is about. */
export interface RemovalContext {
  readonly cluster: Cluster;
  readonly metadata: MetadataCache;
  /** Makes a producer of the same connection. */
  readonly createProducer: () => Producer;
  readonly source: PartitionPlace;
}

/** Removes for good. */
export class Purging implements Removal {
  readonly #context: RemovalContext;
  #letters: DeadLetterPlace[] = [];
  #pending = 0;
  count = 0;

  constructor(context: RemovalContext) {
    this.#context = context;
  }

  async add({ place }: ScannedRecord, isFirst: boolean): Promise<void> {
    this.#letters.push(place);
    if (isFirst) this.#pending += 1;
    if (this.#letters.length >= MOST_TOGETHER) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#letters.length === 0) return;
    const { cluster, source } = this.#context;
    const { broker } = await cluster.leaderOf(source);
    await broker.deadLetters.noteHandled(this.#letters);
    this.#letters = [];
    this.count += this.#pending;
    this.#pending = 0;
  }

  end(): Promise<void> {
    return Promise.resolve();
  }
}

/** Sends back where they came from, so many at a time: with one broker, together with the note that they are dealt with. */
export class Requeuing implements Removal {
  readonly #context: RemovalContext;
  #producer: Producer | undefined;
  #letters: DeadLetterPlace[] = [];
  readonly #targets = new Map<number, Target>();
  #pending = 0;
  count = 0;

  constructor(context: RemovalContext) {
    this.#context = context;
  }

  async add({ place, letter }: ScannedRecord & { readonly letter: DeadLetter }, isFirst: boolean): Promise<void> {
    if (isFirst) {
      const { partitions, config } = await this.#context.metadata.get(letter.topic);
      // The topic may have been made anew, with fewer.
      const target = partitions[letter.partition % partitions.length]!;
      const message = requeued(letter);
      const room = Math.min(config.maxMessageBytes, MOST_BYTES_TOGETHER);
      const open = this.#targets.get(target.partitionId);
      if (open !== undefined && open.builder.sizeInBytes + estimateRecordBytes(message) > room) await this.flush();
      this.#put(target, message);
      this.#pending += 1;
    }
    this.#letters.push(place);
    if (this.#letters.length >= MOST_TOGETHER) await this.flush();
  }

  async flush(): Promise<void> {
    const letters = this.#letters;
    if (letters.length === 0) return;
    const targets = [...this.#targets.values()].sort((a, b) => a.place.partitionId - b.place.partitionId);
    this.#letters = [];
    this.#targets.clear();
    const { cluster, source } = this.#context;
    const { broker } = await cluster.leaderOf(source);
    if (targets.length === 0) await broker.deadLetters.noteHandled(letters);
    else if (cluster.isOneBroker) await this.#requeueTogether(broker, letters, targets);
    else {
      await this.#send(targets);
      await broker.deadLetters.noteHandled(letters);
    }
    this.count += this.#pending;
    this.#pending = 0;
  }

  async end(): Promise<void> {
    await this.#producer?.disconnect();
  }

  #put(place: PartitionPlace, message: Message): void {
    let target = this.#targets.get(place.partitionId);
    if (target === undefined) {
      target = { place, builder: new RecordBatchBuilder(), messages: [] };
      this.#targets.set(place.partitionId, target);
    }
    target.builder.append(message, 0);
    target.messages.push(message);
  }

  async #requeueTogether(
    broker: ClientBroker,
    letters: readonly DeadLetterPlace[],
    targets: readonly Target[],
  ): Promise<void> {
    const batches = await Promise.all(
      targets.map(async ({ place, builder }) => ({
        partitionId: place.partitionId,
        recordCount: builder.recordCount,
        maxTimestamp: builder.maxTimestamp,
        bytes: (await buildAsWorthWhile(builder, NO_PRODUCER)).bytes,
      })),
    );
    await broker.deadLetters.requeue(letters, batches);
    broker.announceAppend(batches.map(({ partitionId }) => partitionId));
  }

  async #send(targets: readonly Target[]): Promise<void> {
    this.#producer ??= this.#context.createProducer();
    const topicMessages = targets.map(({ place, messages }) => ({
      topic: place.topic,
      messages: messages.map((message) => ({ ...message, partition: place.partition })),
    }));
    await this.#producer.sendBatch({ topicMessages, acks: 'all' });
  }
}

function requeued({ key, value, headers, timestamp, idempotencyKey }: DeadLetter): Message {
  return { key, value, headers: { ...headers, [REQUEUED_FROM]: idempotencyKey }, timestamp };
}
