import { expireOffsets } from '../group/group-admin.store.js';
import type { Loop } from '../runtime/run-loop.js';
import { startLeasedService, type ServiceContext } from './leased-service.js';

/** Kafka's `offsets.retention.check.interval.ms`. */
const EVERY_MS = 600_000;
const LEASE_TTL_MS = 1_200_000;
/** Each is locked until the end of the statement. */
const MOST_GROUPS = 50;

/** Forgets offsets that nobody needed for `retentionMs` (rule H57). */
export function startOffsetExpiryService(context: ServiceContext, retentionMs: number): Loop {
  return startLeasedService(context, {
    name: 'offset-expiry',
    everyMs: EVERY_MS,
    leaseTtlMs: LEASE_TTL_MS,
    step: async () => (await expireOffsets(context.database, retentionMs, MOST_GROUPS)) > 0,
  });
}
