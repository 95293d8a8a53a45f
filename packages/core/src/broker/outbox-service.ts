import { truncateOutbox } from '../outbox/outbox.store.js';
import { Sequencer, type SequencerOptions } from '../outbox/sequencer.js';
import { DEFAULT_RETRY } from '../runtime/backoff.js';
import { startLoop, type Loop } from '../runtime/run-loop.js';
import { HeldLease } from './held-lease.js';
import type { ServiceContext } from './leased-service.js';

/** As sequence_outbox_v1 names it. */
const LEASE_NAME = 'outbox-sequencer';

export interface OutboxPace {
  /** A sequencer that is gone is replaced after this long. */
  readonly leaseTtlMs: number;
  /** How often others look whether the lease is free. */
  readonly standByMs: number;
  /**
   * After an append it rests so long for each row in it, and what is committed meanwhile is appended together: the more is committed, the less an
   * append takes from those who commit. The first commit after a quiet time does not wait.
   */
  readonly restPerRowMs: number;
  readonly mostRestMs: number;
  /** The look of a sequencer that nobody woke. */
  readonly idleMs: number;
  /** The same while something is expected whose commit nobody tells of, and for how long. */
  readonly expectingMs: number;
  readonly expectingForMs: number;
  readonly truncateEveryMs: number;
}

const DEFAULT_PACE: OutboxPace = {
  leaseTtlMs: 5_000,
  standByMs: 1_000,
  restPerRowMs: 2,
  mostRestMs: 40,
  idleMs: 500,
  expectingMs: 4,
  expectingForMs: 5_000,
  truncateEveryMs: 15_000,
};

export interface OutboxService extends Loop {
  /** This process is the sequencer, as far as it knows. */
  readonly isActive: boolean;
  /** Something may be committed soon, and nobody will tell. */
  expect(): void;
}

/**
 * Appends what was committed to the outbox: at once when it is woken, else with the next look. One process does, by lease; what makes it
 * safe is compared inside sequence_outbox_v1.
 */
export function startOutboxService(
  context: ServiceContext & Pick<SequencerOptions, 'log' | 'onAppended' | 'onDropped'>,
  pace: OutboxPace = DEFAULT_PACE,
): OutboxService {
  const { database, clock, random, onError } = context;
  const sequencer = new Sequencer(context);
  const lease = new HeldLease(context, {
    name: LEASE_NAME,
    ttlMs: pace.leaseTtlMs,
    onTaken: () => sequencer.takeOver(),
  });
  let expectingUntil = 0;
  let truncateAt = clock.monotonic() + pace.truncateEveryMs;

  const tidyUp = async (epoch: bigint) => {
    if (clock.monotonic() < truncateAt) return;
    truncateAt = clock.monotonic() + pace.truncateEveryMs;
    await sequencer.moveOn(epoch);
    // An open transaction may be in the way; there is time.
    await truncateOutbox(database, epoch).catch(onError);
  };

  const loop = startLoop({
    clock,
    random,
    onError,
    retry: { ...DEFAULT_RETRY, initialRetryTime: 20, maxRetryTime: 1_000 },
    step: async (signal) => {
      const epoch = await lease.hold();
      if (epoch === undefined) return pace.standByMs;
      const outcome = await sequencer.step(epoch);
      if (outcome === 'fenced') lease.lose();
      // Wake-ups do not end this rest: what is committed meanwhile goes into one append.
      if (outcome === 'appended' && !sequencer.isUnderWay) {
        await clock.sleep(Math.min(sequencer.rowsOfPage * pace.restPerRowMs, pace.mostRestMs), signal);
      }
      if (outcome !== 'idle') return 0;
      await tidyUp(epoch);
      return clock.monotonic() < expectingUntil ? pace.expectingMs : pace.idleMs;
    },
  });
  return {
    get isActive() {
      return lease.isHeld;
    },
    wake: () => {
      // Others must not ask for the lease with every commit.
      if (lease.isHeld) loop.wake();
    },
    expect: () => {
      expectingUntil = clock.monotonic() + pace.expectingForMs;
      if (lease.isHeld) loop.wake();
    },
    stop: async () => {
      await loop.stop();
      await lease.resign().catch(onError);
    },
  };
}
