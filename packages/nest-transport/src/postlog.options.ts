import { CONNECT_OPTIONS, nearestName, PostlogError, type ConnectOptions, type RetryOptions } from '@postlog/core';

/** Core's connection options, and how this application consumes. */
export interface PostlogModuleOptions extends ConnectOptions {
  /** Group of handlers that name none, used exactly as written. */
  readonly group?: string;
  /** Whether this process consumes at all [`true`]; `false` for pods that only serve HTTP. */
  readonly consume?: boolean;
  /** How long a shutdown waits for handlers that run, in milliseconds [10 000]. */
  readonly drainTimeoutMs?: number;
  /** How many partitions of one subscription are handled at the same time [16]. */
  readonly concurrency?: number;
  /** How often handled offsets are committed, in milliseconds [1 000]. */
  readonly autoCommitIntervalMs?: number;
  /** A member that is silent this long loses its partitions, in milliseconds [45 000]. */
  readonly sessionTimeout?: number;
  /** Pace at which a failing handler is called again with the same record [100 ms, doubling up to 30 s, for ever]. */
  readonly handlerRetry?: RetryOptions;
}

const OWN = [
  'group',
  'consume',
  'drainTimeoutMs',
  'concurrency',
  'autoCommitIntervalMs',
  'sessionTimeout',
  'handlerRetry',
] as const;

/** @throws PostlogError `INVALID_CONFIG`, naming the nearest option for one that nobody knows. */
export function checkModuleOptions(options: PostlogModuleOptions): PostlogModuleOptions {
  const known: readonly string[] = [...CONNECT_OPTIONS, ...OWN];
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const cure = nearest === undefined ? `it takes ${known.join(', ')}.` : `did you mean "${nearest}"?`;
    throw new PostlogError('INVALID_CONFIG', `unknown option "${name}" of PostlogModule; ${cure}`);
  }
  return options;
}

/** The part that core's `connect` takes; it checks the values. */
export function connectOptions(options: PostlogModuleOptions): ConnectOptions {
  const own: readonly string[] = OWN;
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => !own.includes(name)),
  ) as unknown as ConnectOptions;
}
