import type { FailurePolicy } from '../delivery/failure-policy.js';
import type { EventBus } from '../runtime/events.js';
import type { AssignedPartition } from './assigned-partition.js';
import type { Cluster } from './cluster.js';
import type { ResolvedConsumerOptions } from './consumer-options.js';
import type { DeadLetterWriter } from './dead-letter-writer.js';
import { CrashAfterRetries, DeliveryFailures, type FailureHandling } from './failure-handling.js';
import { Parking } from './parking.js';

/** How a consumer deals with failures, if it says so. */
export interface DeliverySettings {
  readonly policy: FailurePolicy;
  readonly deadLetters: DeadLetterWriter;
}

export interface ConsumerDeliveryOptions {
  readonly cluster: Cluster;
  readonly options: Pick<ResolvedConsumerOptions, 'groupId' | 'retry'>;
  /** Undefined: the consumer crashes after `retry.retries`. */
  readonly delivery: DeliverySettings | undefined;
  readonly events: EventBus;
  readonly pause: (partition: AssignedPartition) => unknown;
  readonly onCrash: (error: Error) => void;
  readonly onError: (error: unknown) => void;
  readonly memberId: () => string;
  /** Something may be ready that was not. */
  readonly pump: () => void;
  /** No further calls. */
  readonly halt: () => void;
  /** Commits what is done, where the consumer does so by itself. */
  readonly commit: () => Promise<void>;
}

/** What becomes of the records of a consumer whose handler fails, as its options say. */
export function createDelivery(given: ConsumerDeliveryOptions): {
  readonly failures: FailureHandling;
  readonly parking: Parking | undefined;
} {
  const { cluster, options, delivery, events, pause, onCrash, onError, memberId, pump, halt, commit } = given;
  const { clock, logger } = cluster;
  const random = cluster.random.next;
  if (delivery === undefined) {
    const crash = (error: Error) => {
      halt();
      onCrash(error);
    };
    return { failures: new CrashAfterRetries(options.retry, random, crash), parking: undefined };
  }
  const shared = { ...delivery, clock, random, events, logger };
  const parking =
    delivery.policy.onExhausted === 'parkKey'
      ? new Parking({
          ...shared,
          parked: cluster.parked!,
          groupId: options.groupId!,
          memberId,
          wake: pump,
        })
      : undefined;
  const failures = new DeliveryFailures({
    ...shared,
    parking,
    pause,
    // What is parked may be handled once the group is past it.
    onPutElsewhere: () => void commit().then(pump, onError),
  });
  return { failures, parking };
}
