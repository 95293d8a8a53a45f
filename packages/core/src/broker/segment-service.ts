import { acquireLease, resignLease } from '../metadata/lease.store.js';
import { planSegments } from '../log/segment-plan.js';
import { applySegmentAction, listSegments, type SegmentTimes } from '../log/segment.store.js';
import type { Database } from '../postgres/database.js';
import { DEFAULT_RETRY } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import { startLoop, type Loop } from '../runtime/run-loop.js';

const LEASE = 'segments';
const EVERY_MS = 10_000;
const LEASE_TTL_MS = 30_000;

const DEFAULT_SEGMENT_TIMES: SegmentTimes = {
  maxBytes: 1_073_741_824,
  maxAgeMs: 604_800_000,
  producerExpiryMs: 86_400_000,
  dropAfterMs: 60_000,
};

/**
 * Prepares, rolls, closes and drops segments, off the hot path. One process of those that run services does it, by lease;
 * two at once would do no harm, since every statement compares what it changes.
 */
export function startSegmentService(options: {
  readonly database: Database;
  readonly holder: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onError: (error: unknown) => void;
  readonly times?: SegmentTimes;
}): Loop {
  const { database, holder, clock, random, onError, times = DEFAULT_SEGMENT_TIMES } = options;
  const loop = startLoop({
    clock,
    random,
    onError,
    retry: DEFAULT_RETRY,
    step: async (signal) => {
      const lease = { name: LEASE, holder, ttlMs: LEASE_TTL_MS };
      if ((await acquireLease(database, lease)) === undefined) return EVERY_MS;
      return (await tendSegments(database, times, onError, signal)) > 0 ? 0 : EVERY_MS;
    },
  });
  return {
    wake: loop.wake,
    stop: async () => {
      await loop.stop();
      await resignLease(database, { name: LEASE, holder }).catch(onError);
    },
  };
}

/**
 * One look at all segments, and what it asks for. Answers how many steps succeeded that may make another possible; an
 * action that met a lock is tried again with the next look.
 */
export async function tendSegments(
  database: Database,
  times: SegmentTimes,
  onError: (error: unknown) => void,
  signal?: AbortSignal,
): Promise<number> {
  let progress = 0;
  for (const action of planSegments(await listSegments(database, times))) {
    if (signal?.aborted === true) break;
    try {
      await applySegmentAction(database, action, times);
      if (action.kind === 'prepare') progress += 1;
    } catch (error) {
      onError(error);
    }
  }
  return progress;
}
