import type { Offset } from '../record/offset.js';

/** What is remembered of a partition's failures until its handler succeeds. */
export class PartitionFailures {
  /** How many calls failed since one succeeded. */
  calls = 0;
  /** After a failure, until the handler is called again. */
  isResting = false;
  /** The next batch ends before it, so that what comes before is done whatever becomes of it. */
  cutAt: Offset | undefined;
  #record: { readonly offset: string; readonly attempts: number } | undefined;

  /** The number of the next call for a record, from 1. */
  attemptOf({ offset }: { readonly offset: string }): number {
    return this.#record?.offset === offset ? this.#record.attempts + 1 : 1;
  }

  /** A record failed so often, and is still to be done. */
  note({ offset }: { readonly offset: string }, attempts: number): void {
    this.#record = { offset, attempts };
  }

  forget(): void {
    this.calls = 0;
    this.isResting = false;
    this.cutAt = undefined;
    this.#record = undefined;
  }
}
