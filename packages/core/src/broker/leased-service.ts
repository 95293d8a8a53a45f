import { acquireLease, resignLease } from '../metadata/lease.store.js';
import type { Database } from '../postgres/database.js';
import { DEFAULT_RETRY } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import { startLoop, type Loop } from '../runtime/run-loop.js';

export interface ServiceContext {
  readonly database: Database;
  readonly holder: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onError: (error: unknown) => void;
}

/**
 * A background service that one process of those that run services does, by lease; the others stand by. The lease saves
 * double work and no more: every statement of a service compares what it changes.
 */
export function startLeasedService(
  { database, holder, clock, random, onError }: ServiceContext,
  service: {
    readonly name: string;
    readonly everyMs: number;
    readonly leaseTtlMs: number;
    /** One look; true when another is worth it at once. */
    readonly step: (signal: AbortSignal) => Promise<boolean>;
  },
): Loop {
  const { name, everyMs, leaseTtlMs, step } = service;
  const loop = startLoop({
    clock,
    random,
    onError,
    retry: DEFAULT_RETRY,
    step: async (signal) => {
      if ((await acquireLease(database, { name, holder, ttlMs: leaseTtlMs })) === undefined) return everyMs;
      return (await step(signal)) ? 0 : everyMs;
    },
  });
  return {
    wake: loop.wake,
    stop: async () => {
      await loop.stop();
      await resignLease(database, { name, holder }).catch(onError);
    },
  };
}
