import { ERROR_CODES, type ErrorCode } from './error-code.js';

/**
 * What became of the request: `failed` had no effect, `unknown` may have had one (the connection broke, or a deadline
 * passed, before the answer came). Unknown is never reported as failed.
 */
export type Outcome = 'failed' | 'unknown';

export interface PostlogErrorOptions extends ErrorOptions {
  readonly outcome?: Outcome;
}

/** The ESM and the CommonJS build of this package have a class each, and mean the same by it. */
const BRAND = Symbol.for('@postlog/core/PostlogError');

/**
 * Every operating error of Postlog. `code` is Kafka's, the message names the cure, the origin is in `cause`.
 *
 * @example
 * throw new PostlogError('INVALID_PARTITIONS', `numPartitions is 0; give a whole number from 1 to 10000.`);
 */
export class PostlogError extends Error {
  override readonly name = 'PostlogError';
  readonly code: ErrorCode;
  readonly outcome: Outcome;

  constructor(code: ErrorCode, detail: string, options: PostlogErrorOptions = {}) {
    super(`[${code}] ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.outcome = options.outcome ?? 'failed';
  }

  /** True for an error of either build. */
  static override [Symbol.hasInstance](value: unknown): value is PostlogError {
    return typeof value === 'object' && value !== null && BRAND in value;
  }

  get [BRAND](): true {
    return true;
  }

  /** Whether the same request may succeed if it is sent again. */
  get retriable(): boolean {
    return ERROR_CODES[this.code].retriable;
  }
}
