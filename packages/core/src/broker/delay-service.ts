import { LONGEST_LOOK_MS } from '../delivery/delayed-deliveries.js';
import { releaseDelayed, type DelayMark } from '../delivery/delay.store.js';
import { DEFAULT_RETRY } from '../runtime/backoff.js';
import { startLoop, type Loop } from '../runtime/run-loop.js';
import { HeldLease } from './held-lease.js';
import type { ServiceContext } from './leased-service.js';

/** As release_delayed_v1 names it. */
const LEASE_NAME = 'delayed-delivery';

interface DelayPace {
  readonly leaseTtlMs: number;
  readonly standByMs: number;
  /** The longest rest while notifications arrive, and where they do not. */
  readonly idleMs: number;
  readonly unheardMs: number;
  /** The rest while a commit is expected that nobody tells of, and for how long; also while one that cancels is waited for. */
  readonly expectingMs: number;
  readonly expectingForMs: number;
  /** Deliveries that one statement moves. */
  readonly most: number;
  /** After this long the memory of how far it is begins anew, whatever may have made it wrong. */
  readonly forgetEveryMs: number;
}

const DEFAULT_PACE: DelayPace = {
  leaseTtlMs: 5_000,
  standByMs: 1_000,
  idleMs: LONGEST_LOOK_MS,
  unheardMs: 80,
  expectingMs: 20,
  expectingForMs: 5_000,
  most: 500,
  forgetEveryMs: 300_000,
};

const KNOWS_NOTHING: DelayMark = { due: -1n, id: 0n, seen: null };

export interface DelayService extends Loop {
  /** This process moves what is due, as far as it knows. */
  readonly isActive: boolean;
  /** Something may be committed soon that is due by then, and nobody will tell. */
  expect(): void;
  /** Whether notifications of other processes arrive. */
  setLive(isLive: boolean): void;
}

/**
 * Moves deliveries whose time has come to the outbox: sleeps until the next one is due, and looks by itself in between. One process does, by
 * lease; release_delayed_v1 says why nothing is early, lost or moved twice.
 */
export function startDelayService(
  context: ServiceContext & {
    /** Something is in the outbox. */
    readonly onReleased: () => void;
  },
  pace: DelayPace = DEFAULT_PACE,
): DelayService {
  const { database, clock, random, onError, onReleased } = context;
  let mark = KNOWS_NOTHING;
  const lease = new HeldLease(context, {
    name: LEASE_NAME,
    ttlMs: pace.leaseTtlMs,
    onTaken: () => {
      mark = KNOWS_NOTHING;
      return Promise.resolve();
    },
  });
  let forgetAt = 0;
  let expectingUntil = 0;
  let isLive = false;

  const longestRest = () => {
    if (clock.monotonic() < expectingUntil) return pace.expectingMs;
    return isLive ? pace.idleMs : pace.unheardMs;
  };
  const remember = () => {
    const now = clock.monotonic();
    const remembered = now < forgetAt ? mark : KNOWS_NOTHING;
    if (remembered === KNOWS_NOTHING) forgetAt = now + pace.forgetEveryMs;
    mark = KNOWS_NOTHING; // Until the look has ended well.
    return remembered;
  };

  const loop = startLoop({
    clock,
    random,
    onError,
    retry: { ...DEFAULT_RETRY, initialRetryTime: 20, maxRetryTime: 1_000 },
    step: async () => {
      const epoch = await lease.hold();
      if (epoch === undefined) return pace.standByMs;
      const found = await releaseDelayed(database, epoch, remember(), { most: pace.most, lookAheadMs: pace.idleMs });
      if (found.isFenced) {
        lease.lose();
        return 0;
      }
      mark = found.mark;
      if (found.moved > 0) onReleased();
      if (found.moved === pace.most) return 0;
      const rest = Math.min(found.nextInMs ?? Infinity, longestRest());
      return found.isHeld ? Math.max(rest, pace.expectingMs) : rest;
    },
  });
  return {
    get isActive() {
      return lease.isHeld;
    },
    wake: () => {
      // Others must not ask for the lease with every send.
      if (lease.isHeld) loop.wake();
    },
    expect: () => {
      expectingUntil = clock.monotonic() + pace.expectingForMs;
      if (lease.isHeld) loop.wake();
    },
    setLive: (now) => {
      isLive = now;
    },
    stop: async () => {
      await loop.stop();
      await lease.resign().catch(onError);
    },
  };
}
