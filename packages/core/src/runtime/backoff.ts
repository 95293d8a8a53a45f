/** How often and how slowly a request is repeated (KafkaJS's `retry` options). */
export interface RetryOptions {
  /** First wait in milliseconds [100]. */
  readonly initialRetryTime?: number;
  /** Longest wait in milliseconds [30 000]. */
  readonly maxRetryTime?: number;
  /** Growth of the wait [2]. */
  readonly multiplier?: number;
  /** Part of the wait that is random, 0 to 1 [0.2]. */
  readonly factor?: number;
  /** Repeats before giving up [10]. */
  readonly retries?: number;
}

export type ResolvedRetry = Required<RetryOptions>;

export const DEFAULT_RETRY: ResolvedRetry = {
  initialRetryTime: 100,
  maxRetryTime: 30_000,
  multiplier: 2,
  factor: 0.2,
  retries: 10,
};

/** The wait before attempt number `attempt` (0 is the first repeat), spread by `random` so that clients do not march in step. */
export function retryDelay(retry: ResolvedRetry, attempt: number, random: () => number): number {
  const grown = Math.min(retry.maxRetryTime, retry.initialRetryTime * retry.multiplier ** Math.min(attempt, 60));
  const spread = grown * retry.factor;
  return Math.max(0, Math.min(retry.maxRetryTime, grown - spread + 2 * spread * random()));
}
