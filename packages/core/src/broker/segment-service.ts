import { planSegments } from '../log/segment-plan.js';
import { applySegmentAction, listSegments, type SegmentTimes } from '../log/segment.store.js';
import type { Database } from '../postgres/database.js';
import type { Loop } from '../runtime/run-loop.js';
import { startLeasedService, type ServiceContext } from './leased-service.js';

const EVERY_MS = 10_000;
const LEASE_TTL_MS = 30_000;

const DEFAULT_SEGMENT_TIMES: SegmentTimes = {
  maxBytes: 1_073_741_824,
  maxAgeMs: 604_800_000,
  producerExpiryMs: 86_400_000,
  dropAfterMs: 60_000,
};

/** Prepares, rolls, closes and drops segments, off the hot path. */
export function startSegmentService(context: ServiceContext, times: SegmentTimes = DEFAULT_SEGMENT_TIMES): Loop {
  const { database, onError } = context;
  return startLeasedService(context, {
    name: 'segments',
    everyMs: EVERY_MS,
    leaseTtlMs: LEASE_TTL_MS,
    step: async (signal) => (await tendSegments(database, times, onError, signal)) > 0,
  });
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
