import { PostlogError } from '../errors/postlog-error.js';
import { describeError, type Failure } from '../delivery/dead-letter-headers.js';
import { nextStep, type FailurePolicy } from '../delivery/failure-policy.js';
import type { TransactionHandle } from '../postgres/transaction-handle.js';
import type { ConsumedMessage } from '../record/messages.js';
import { DEFAULT_RETRY, retryDelay, type ResolvedRetry } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { EventBus } from '../runtime/events.js';
import type { Logger } from '../runtime/logger.js';
import type { AssignedPartition } from './assigned-partition.js';
import { CONSUMER_EVENTS, type ConsumerEventName } from './consumer-types.js';
import type { DeadLetterWriter } from './dead-letter-writer.js';
import { isFenced } from './member-answers.js';
import { ParkingFull, type Parking } from './parking.js';

/** A call of a handler that failed. */
export interface FailedCall {
  readonly partition: AssignedPartition;
  /** The record that it failed on. */
  readonly message: ConsumedMessage;
  readonly error: Error;
  /** The number of the call for this record, from 1. */
  readonly attempt: number;
  /** The handler failed after it had resolved the record. */
  readonly isDone: boolean;
  /** How many calls failed before it since one of the partition, or the key, succeeded. */
  readonly failures: number;
  /** Others may own the partition by now, or its position was moved. */
  readonly isStale: () => boolean;
  /** Does something in the place of the handler, in a transaction where handlers have one; the record is done then. */
  readonly settle: (work: (transaction: TransactionHandle | undefined) => Promise<void>) => Promise<void>;
}

/** `stay`: the record is the next to be handled, if ever, and its attempts count from the beginning. */
export type Verdict =
  { readonly kind: 'retry'; readonly afterMs: number } | { readonly kind: 'done' } | { readonly kind: 'stay' };

/** Decides what becomes of a record whose handler failed, and does it. Never rejects. */
export interface FailureHandling {
  failed(call: FailedCall): Promise<Verdict>;
}

/** KafkaJS's way: the same record again, and after so many failures the consumer crashes. */
export class CrashAfterRetries implements FailureHandling {
  readonly #retry: ResolvedRetry;
  readonly #random: () => number;
  readonly #onCrash: (error: Error) => void;

  constructor(retry: ResolvedRetry, random: () => number, onCrash: (error: Error) => void) {
    this.#retry = retry;
    this.#random = random;
    this.#onCrash = onCrash;
  }

  failed({ failures, error }: FailedCall): Promise<Verdict> {
    if (failures < this.#retry.retries)
      return Promise.resolve({ kind: 'retry', afterMs: retryDelay(this.#retry, failures, this.#random) });
    this.#onCrash(error);
    return Promise.resolve({ kind: 'stay' });
  }
}

export interface DeliveryFailuresOptions {
  readonly policy: FailurePolicy;
  readonly deadLetters: DeadLetterWriter;
  /** Undefined unless the policy parks keys. */
  readonly parking: Parking | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventBus;
  readonly logger: Logger;
  readonly pause: (partition: AssignedPartition) => unknown;
  /** A record was put elsewhere: the sooner the group is past it, the less is done twice after a crash. */
  readonly onPutElsewhere: () => void;
}

/** What a record that was handled in vain is repeated with while the place that it shall go to cannot be reached. */
const PLACE_RETRY = { ...DEFAULT_RETRY, maxRetryTime: 1_000 };

/** Until some of what is parked may be done. */
const WAIT_FOR_ROOM = { kind: 'retry', afterMs: 500 } as const;

/** Retries in place, then what `onExhausted` says. While that cannot be done, nothing is lost: the partition waits for it. */
export class DeliveryFailures implements FailureHandling {
  readonly #options: DeliveryFailuresOptions;

  constructor(options: DeliveryFailuresOptions) {
    this.#options = options;
  }

  async failed(call: FailedCall): Promise<Verdict> {
    const { policy, random, pause, deadLetters, parking } = this.#options;
    const { error, attempt, message, partition } = call;
    if (call.isDone) return { kind: 'stay' };
    if (error instanceof ParkingFull) return WAIT_FOR_ROOM;
    const step = nextStep(error, attempt, policy, { hasKey: message.key !== null, random });
    const failure = { attempts: attempt, ...describeError(error), handlerId: policy.handlerId };
    switch (step.kind) {
      case 'retry':
        this.#tell('RETRY', call, failure, { afterMs: step.afterMs });
        return step;
      case 'pause':
        pause(partition);
        this.#tell('PAUSE_ON_FAILURE', call, failure);
        return { kind: 'stay' };
      case 'skip':
        return this.#untilDone(call, 'SKIP', failure, () => Promise.resolve());
      case 'deadLetter':
        return this.#untilDone(call, 'DEAD_LETTER', failure, (transaction) =>
          deadLetters.write({ partition, message }, failure, transaction),
        );
      case 'parkKey':
        return this.#untilDone(call, 'parked', failure, () => parking!.park(partition, message, { failure, error }));
    }
  }

  async #untilDone(
    call: FailedCall,
    event: 'SKIP' | 'DEAD_LETTER' | 'parked',
    failure: Failure,
    work: (transaction: TransactionHandle | undefined) => Promise<void>,
  ): Promise<Verdict> {
    const { clock, random, logger, onPutElsewhere } = this.#options;
    for (let tries = 0; !call.isStale(); tries++) {
      try {
        await call.settle(work);
        if (event !== 'parked') this.#tell(event, call, failure);
        onPutElsewhere();
        return { kind: 'done' };
      } catch (error) {
        if (call.isStale() || isFenced(error)) break;
        if (error instanceof ParkingFull) return WAIT_FOR_ROOM;
        const { topic, partition } = call.partition;
        const reason = error instanceof Error ? error.message : String(error);
        const detail = { topic, partition, offset: call.message.offset, reason };
        if (error instanceof PostlogError && error.retriable) logger.debug('a dead letter is tried again', detail);
        else logger.error('a record that cannot be handled cannot be put away either; its partition waits', detail);
        await clock.sleep(retryDelay(PLACE_RETRY, tries, random));
      }
    }
    return { kind: 'stay' };
  }

  #tell(event: keyof typeof CONSUMER_EVENTS, call: FailedCall, failure: Failure, more: object = {}): void {
    const { events, logger } = this.#options;
    const { topic, partition } = call.partition;
    const { attempts, errorName, errorMessage, handlerId } = failure;
    const type: ConsumerEventName = CONSUMER_EVENTS[event];
    const detail = { topic, partition, offset: call.message.offset, attempts, ...more };
    events.emit(type, { ...detail, error: call.error, ...(handlerId === undefined ? {} : { handlerId }) });
    if (event === 'RETRY') return;
    logger.warn(TOLD[event as keyof typeof TOLD], { ...detail, errorName, reason: errorMessage });
  }
}

const TOLD = {
  PAUSE_ON_FAILURE: 'a record could not be handled; its partition pauses until resume()',
  SKIP: 'a record could not be handled and is skipped',
  DEAD_LETTER: 'a record could not be handled and is a dead letter now',
};

/** Handlers may throw anything; what is not an Error is kept as the cause. */
export function asError(error: unknown): Error {
  return error instanceof Error
    ? error
    : new Error(`the handler threw something that is no Error: ${String(error)}`, { cause: error });
}
