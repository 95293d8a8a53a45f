/**
 * Thrown by a handler: its record should be handled again after so long, whatever the growing rest of the policy would be. It counts as an attempt.
 *
 * @example
 * if (response.status === 429) throw new RetryLaterError(5_000, 'the mail server is busy');
 */
export class RetryLaterError extends Error {
  override readonly name = 'RetryLaterError';
  /** Milliseconds. */
  readonly delayMs: number;

  /** @throws TypeError when that is no number of milliseconds up to a day */
  constructor(delayMs: number, message = `asked to be handled again in ${delayMs} ms`) {
    if (!Number.isInteger(delayMs) || delayMs < 0 || delayMs > DAY_MS)
      throw new TypeError(`delayMs is ${String(delayMs)}; give whole milliseconds from 0 to ${DAY_MS}`);
    super(message);
    this.delayMs = delayMs;
  }
}

const DAY_MS = 86_400_000;
