import type { ParkedRecords } from '../broker/parked-records.js';
import { describeError, type Failure } from '../delivery/dead-letter-headers.js';
import { delayWhileParked, type FailurePolicy } from '../delivery/failure-policy.js';
import { NOTHING_DONE, ParkedQueue, type ParkedEntry } from '../delivery/parked-queue.js';
import type { PartitionOwner } from '../delivery/parked-record.store.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { ConsumedMessage } from '../record/messages.js';
import { offset } from '../record/offset.js';
import { decodeBatch } from '../record/record-batch-reader.js';
import { RecordBatchBuilder } from '../record/record-batch-builder.js';
import { NO_PRODUCER } from '../record/record-batch.js';
import type { Clock } from '../runtime/clock.js';
import type { EventBus } from '../runtime/events.js';
import type { Logger } from '../runtime/logger.js';
import type { AssignedPartition } from './assigned-partition.js';
import { CONSUMER_EVENTS } from './consumer-types.js';
import type { DeadLetterWriter } from './dead-letter-writer.js';

export interface ParkingOptions {
  readonly policy: FailurePolicy;
  readonly parked: ParkedRecords;
  readonly groupId: string;
  readonly memberId: () => string;
  readonly deadLetters: DeadLetterWriter;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventBus;
  readonly logger: Logger;
  /** Something may be due. */
  readonly wake: () => void;
}

/** Handles a parked record. */
export type HandleParked = (message: ConsumedMessage, attempt: number) => Promise<void>;

interface State {
  queue: ParkedQueue;
  /** When to look again what operators want. */
  lookAt: number;
  /** Nothing is tried before. */
  restUntil: number;
  isFull: boolean;
  cancelTimer: (() => void) | undefined;
}

/** How often to look whether an operator wants something, while something is parked. */
const LOOK_EVERY_MS = 1_000;
/** After an error of the database. */
const REST_MS = 1_000;
/** Then others have their turn. */
const MOST_IN_A_TURN = 100;

/** There is no room for one more record. */
export class ParkingFull extends Error {
  override readonly name = 'ParkingFull';
}

/**
 * The records that wait in the parking table, of the partitions that this consumer owns. Nobody but the owner of a partition handles what is parked
 * of it: each change compares owner and epoch in the row that says so.
 */
export class Parking {
  readonly #options: ParkingOptions;
  readonly #states = new WeakMap<AssignedPartition, State>();

  constructor(options: ParkingOptions) {
    this.#options = options;
  }

  /** Whether the partition needs a turn: nothing is known of it yet, or something may be handled. */
  isDue(partition: AssignedPartition): boolean {
    const state = this.#states.get(partition);
    if (state === undefined) return true;
    const now = this.#options.clock.monotonic();
    if (now < state.restUntil) return false;
    return (state.queue.size > 0 && now >= state.lookAt) || state.queue.due(now, doneBefore(partition)) !== undefined;
  }

  /** Whether a record must wait for an earlier one of its key. */
  holds(partition: AssignedPartition, { key }: ConsumedMessage): boolean {
    return this.#states.get(partition)?.queue.has(key) === true;
  }

  /** Parks a record that failed, or that waits for one. @throws ParkingFull, PostlogError */
  async park(
    partition: AssignedPartition,
    message: ConsumedMessage,
    failed?: { readonly failure: Failure; readonly error: Error },
  ): Promise<void> {
    const { policy, parked, random, clock } = this.#options;
    const failure = failed?.failure;
    const delayMs = failed === undefined ? 0 : delayWhileParked(failed.error, failed.failure.attempts, policy, random);
    const state = this.#states.get(partition)!;
    const at = offset(BigInt(message.offset));
    const key = Buffer.from(message.key!);
    const record = { offset: at, key, batch: await batchOf(message), failure, delayMs };
    const refused = await parked.park(this.#owner(partition), record, policy.maxParked);
    if (refused === 'BUFFER_EXHAUSTED') {
      this.#alarm(partition, state);
      throw new ParkingFull(`more than ${policy.maxParked} records would wait`);
    }
    if (refused !== undefined) throw fenced(partition);
    state.isFull = false;
    // Met again after a crash before its offset was committed: it waits as it did.
    if (state.queue.knows(record)) return;
    const attempts = failure?.attempts ?? 0;
    state.queue.add({ offset: at, key, attempts, dueAt: clock.monotonic() + delayMs, isDiscarded: false });
    this.#tell('PARK', partition, at, { attempts, size: state.queue.size });
    this.#schedule(partition, state);
  }

  /** Handles what may be handled now; false when it is not known yet what is parked, so that nothing else may be handled. */
  async turn(partition: AssignedPartition, handle: HandleParked, isStale: () => boolean): Promise<boolean> {
    const { clock, logger } = this.#options;
    try {
      const state = await this.#look(partition);
      const now = clock.monotonic();
      for (let count = 0; count < MOST_IN_A_TURN && !isStale() && !partition.isPaused; count++) {
        const entry = state.queue.due(now, doneBefore(partition));
        if (entry === undefined) break;
        await this.#handle(partition, state, entry, handle);
      }
    } catch (error) {
      const { topic, partition: number } = partition;
      logger.debug('parked records are tried again', { topic, partition: number, reason: String(error) });
      const state = this.#states.get(partition);
      if (state === undefined) {
        await clock.sleep(REST_MS / 10);
        return false;
      }
      state.restUntil = clock.monotonic() + REST_MS;
    }
    this.#schedule(partition, this.#states.get(partition)!);
    return true;
  }

  /** What the table says, when it was not asked for long. */
  async #look(partition: AssignedPartition): Promise<State> {
    const { parked, groupId, clock } = this.#options;
    const known = this.#states.get(partition);
    if (known !== undefined && (known.queue.size === 0 || clock.monotonic() < known.lookAt)) return known;
    const rows = await parked.list(groupId, [partition.partitionId]);
    const now = clock.monotonic();
    const queue = new ParkedQueue(
      rows.map(({ offset: at, key, attempts, dueInMs, isDiscarded }) => {
        return { offset: at, key, attempts, dueAt: now + dueInMs, isDiscarded };
      }),
    );
    const state = known ?? { queue, lookAt: 0, restUntil: 0, isFull: false, cancelTimer: undefined };
    state.queue = queue;
    state.lookAt = now + LOOK_EVERY_MS;
    this.#states.set(partition, state);
    return state;
  }

  async #handle(
    partition: AssignedPartition,
    { queue }: State,
    entry: ParkedEntry,
    handle: HandleParked,
  ): Promise<void> {
    const { parked, deadLetters, policy } = this.#options;
    const owner = this.#owner(partition);
    const batch = await parked.read(owner, entry.offset);
    if (batch === undefined) {
      queue.remove(entry);
      return;
    }
    const message = decodeBatch(batch, { baseOffset: entry.offset })[0]!;
    const attempt = entry.attempts + 1;
    if (entry.isDiscarded) {
      const failure = { attempts: entry.attempts, errorName: 'Discarded', errorMessage: 'an operator discarded it' };
      await deadLetters.write({ partition, message }, { ...failure, handlerId: policy.handlerId }, undefined);
    } else {
      try {
        await handle(message, attempt);
      } catch (error) {
        await this.#failedAgain(partition, queue, entry, error instanceof Error ? error : new Error(String(error)));
        return;
      }
    }
    if ((await parked.finish(owner, entry.offset)) !== undefined) throw fenced(partition);
    queue.remove(entry);
    this.#tell(entry.isDiscarded ? 'DEAD_LETTER' : 'UNPARK', partition, entry.offset, { size: queue.size });
  }

  async #failedAgain(
    partition: AssignedPartition,
    queue: ParkedQueue,
    entry: ParkedEntry,
    error: Error,
  ): Promise<void> {
    const { parked, policy, random, clock } = this.#options;
    const attempts = entry.attempts + 1;
    const delayMs = delayWhileParked(error, attempts, policy, random);
    const failure = { attempts, ...describeError(error), handlerId: policy.handlerId };
    const refused = await parked.defer(this.#owner(partition), entry.offset, { failure, delayMs });
    if (refused !== undefined) throw fenced(partition);
    queue.add({ ...entry, attempts, dueAt: clock.monotonic() + Math.max(1, delayMs) });
    this.#tell('RETRY', partition, entry.offset, { attempts, error, afterMs: delayMs });
  }

  #owner({ partitionId, ownerEpoch }: AssignedPartition): PartitionOwner {
    return { groupId: this.#options.groupId, memberId: this.#options.memberId(), partitionId, ownerEpoch };
  }

  /** Once until there was room again. */
  #alarm({ topic, partition }: AssignedPartition, state: State): void {
    if (state.isFull) return;
    state.isFull = true;
    const detail = { topic, partition, size: state.queue.size, maxParked: this.#options.policy.maxParked };
    this.#options.events.emit(CONSUMER_EVENTS.PARKING_FULL, detail);
    this.#options.logger.warn('too many records are parked; their partition waits until some are done', detail);
  }

  #tell(
    event: 'PARK' | 'UNPARK' | 'RETRY' | 'DEAD_LETTER',
    { topic, partition }: AssignedPartition,
    at: bigint,
    more: object,
  ): void {
    const detail = { topic, partition, offset: String(at), ...more };
    this.#options.events.emit(CONSUMER_EVENTS[event], detail);
    if (event === 'PARK') this.#options.logger.debug('a record is parked', detail);
  }

  #schedule(partition: AssignedPartition, state: State): void {
    const { clock, wake } = this.#options;
    state.cancelTimer?.();
    state.cancelTimer = undefined;
    if (state.queue.size === 0 || partition.isReleased) return;
    const next = Math.min(state.lookAt, state.queue.nextDueAt(doneBefore(partition)) ?? Infinity);
    const wait = Math.max(1, next - clock.monotonic(), state.restUntil - clock.monotonic());
    state.cancelTimer = clock.after(Math.ceil(wait), () => {
      if (partition.isReleased) return;
      // A timer may fire a fraction of a millisecond early: nobody else would look again.
      if (this.isDue(partition)) wake();
      else this.#schedule(partition, state);
    });
  }
}

/** What is parked is handled only when the group is past it for certain: so nobody meets it again in the log. */
function doneBefore({ committedOffset }: AssignedPartition) {
  return committedOffset ?? NOTHING_DONE;
}

function fenced({ topic, partition }: AssignedPartition): PostlogError {
  return new PostlogError('FENCED_MEMBER_EPOCH', `${topic}-${partition} has another owner by now.`);
}

async function batchOf({ key, value, headers, timestamp }: ConsumedMessage): Promise<Buffer> {
  const builder = new RecordBatchBuilder();
  builder.append({ key, value, headers, timestamp }, 0);
  return builder.build({ compression: 'none', ...NO_PRODUCER });
}
