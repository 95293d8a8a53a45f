import { PostlogError } from '../errors/postlog-error.js';

/**
 * Sees that a store's revision never goes back: one that was restored from an older state, or a member that fell behind,
 * would show leaders that have been replaced since.
 */
export class RevisionGuard {
  #highest = 0n;

  /** Runs a reading; its revision must not be below any that was known when it began. */
  async read<T extends { readonly revision: bigint }>(reading: () => Promise<T>): Promise<T> {
    const known = this.#highest;
    const answer = await reading();
    if (answer.revision < known) {
      throw new PostlogError(
        'KAFKA_STORAGE_ERROR',
        `the metadata store went back from revision ${known} to ${answer.revision}; if it was restored from a backup, stop all brokers before they start on it.`,
      );
    }
    this.note(answer.revision);
    return answer;
  }

  note(revision: bigint | undefined): void {
    if (revision !== undefined && revision > this.#highest) this.#highest = revision;
  }
}
