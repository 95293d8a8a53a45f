import type { SubscriptionState } from '../consume/subscription.js';

/** `degraded` (known to Terminus 12) serves, but late. */
export type HealthStatus = 'up' | 'degraded' | 'down';

export interface HealthLimits {
  /** More records behind than this are `degraded` [any lag is fine]. */
  readonly maxLag?: number;
  /**
   * A subscription without a sign of life, or with work to do and none done, for so long is `down`, in milliseconds [60 000]; well over
   * the three seconds between two reports to the group.
   */
  readonly maxSilenceMs?: number;
}

export interface SubscriptionVitals {
  readonly state: SubscriptionState;
  /** Since it last heard from its broker. */
  readonly silentMs: number;
  /** Since a handler last came to an end, or there was nothing to do. */
  readonly idleMs: number;
  /** Undefined where it cannot be told. */
  readonly lag: number | undefined;
}

export interface Judgement {
  readonly status: HealthStatus;
  readonly reason?: string;
}

const MAX_SILENCE_MS = 60_000;

/** Whether a subscription is well, and if not, what ails it. */
export function judge({ state, silentMs, idleMs, lag = 0 }: SubscriptionVitals, limits: HealthLimits): Judgement {
  const { maxLag = Number.POSITIVE_INFINITY, maxSilenceMs = MAX_SILENCE_MS } = limits;
  if (state === 'crashed' || state === 'stopped') return { status: 'down', reason: `it is ${state}` };
  if (silentMs > maxSilenceMs) return { status: 'down', reason: `it was silent for ${silentMs} ms` };
  if (lag > 0 && idleMs > maxSilenceMs)
    return { status: 'down', reason: `it has ${lag} records to handle and finished none for ${idleMs} ms` };
  if (lag > maxLag) return { status: 'degraded', reason: `it is ${lag} records behind` };
  return { status: 'up' };
}

/** The worst of all. */
export function worstOf(statuses: readonly HealthStatus[]): HealthStatus {
  return (['down', 'degraded'] as const).find((status) => statuses.includes(status)) ?? 'up';
}
