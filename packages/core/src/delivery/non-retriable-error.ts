/** Shared by every copy of this package in a process, so that an error of another copy is known too. */
const MARK = Symbol.for('postlog.nonRetriable');

/**
 * Thrown by a handler: calling it again with the same record is of no use. The record goes to what `onExhausted` says at once.
 *
 * @example
 * if (!isOrder(value)) throw new NonRetriableError('this is no order');
 */
export class NonRetriableError extends Error {
  override readonly name: string = 'NonRetriableError';
  readonly [MARK] = true;
}

/** Whether an error, or what caused it, was thrown as one that no repeat can cure. */
export function isNonRetriable(error: unknown): boolean {
  const seen = new Set<unknown>();
  for (let each = error; typeof each === 'object' && each !== null && !seen.has(each);) {
    if ((each as { readonly [MARK]?: unknown })[MARK] === true) return true;
    seen.add(each);
    each = (each as { readonly cause?: unknown }).cause;
  }
  return false;
}
