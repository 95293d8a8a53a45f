/**
 * Thrown by a batch handler: the records of its batch before `index` are done, the one at `index` failed because of `cause`, those after it were
 * not looked at. Without it the first record that is not resolved is the one that failed.
 *
 * @example
 * for (const [index, message] of batch.messages.entries())
 *   await load(message).catch((error) => { throw new BatchItemError(index, error); });
 */
export class BatchItemError extends Error {
  override readonly name = 'BatchItemError';
  readonly index: number;

  constructor(index: number, cause: unknown) {
    super(`record ${index} of the batch failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.index = index;
  }
}

/** Which record failed, and why: in a batch as the handler says, else the first that is not resolved; -1 when all are. */
export function failedItem(
  error: unknown,
  messages: readonly { readonly offset: string }[],
  resolved: bigint | null,
  isBatch = true,
): { readonly index: number; readonly error: unknown } {
  if (isBatch && error instanceof BatchItemError && messages[error.index] !== undefined)
    return { index: error.index, error: error.cause };
  return { index: messages.findIndex(({ offset }) => resolved === null || BigInt(offset) >= resolved), error };
}
