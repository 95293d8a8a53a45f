import { PostlogError } from '../errors/postlog-error.js';
import type { TopicPartition } from '../record/topic-partition.js';
import { topicPartitionKey } from '../record/topic-partition.js';
import { createDeferred } from '../runtime/deferred.js';
import type { RecordMetadata } from './producer-types.js';

/** What one `send` waits for: the outcome of every batch that holds some of its records. */
export class Receipt {
  readonly #outcome = createDeferred<RecordMetadata[]>();
  readonly #places = new Map<string, RecordMetadata>();
  #open = 1; // The send itself, until it has handed over all its records.
  #error: PostlogError | undefined;

  get promise(): Promise<RecordMetadata[]> {
    return this.#outcome.promise;
  }

  /** Some of the records are in one more batch. */
  expect(): void {
    this.#open += 1;
  }

  /** All records are handed over; the rest is up to the batches. */
  seal(): void {
    this.#finishOne();
  }

  /** Batches of a partition come in order, so the first that arrives holds the first record. */
  deliver(place: TopicPartition, baseOffset: bigint, logStartOffset: bigint): void {
    const key = topicPartitionKey(place);
    if (!this.#places.has(key)) {
      this.#places.set(key, {
        topicName: place.topic,
        partition: place.partition,
        errorCode: 0,
        baseOffset: String(baseOffset),
        logStartOffset: String(logStartOffset),
      });
    }
    this.#finishOne();
  }

  /** An unknown outcome outweighs a failed one: some records may be stored. */
  fail(error: PostlogError): void {
    if (this.#error === undefined || (this.#error.outcome === 'failed' && error.outcome === 'unknown'))
      this.#error = error;
    this.#finishOne();
  }

  #finishOne(): void {
    this.#open -= 1;
    if (this.#open > 0) return;
    if (this.#error === undefined) this.#outcome.resolve([...this.#places.values()]);
    else if (this.#places.size === 0 || this.#error.outcome === 'unknown') this.#outcome.reject(this.#error);
    else this.#outcome.reject(partly(this.#error, this.#places.size));
  }
}

function partly(error: PostlogError, stored: number): PostlogError {
  return new PostlogError(error.code, `records for ${stored} partitions are stored, others are not: ${error.message}`, {
    cause: error,
  });
}
