import { retryDelay, DEFAULT_RETRY } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';

export interface OwnPublicationsOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Which of these transactions have records for these partitions that are not in the log yet. */
  readonly unsequenced: (xids: readonly string[], partitionIds: readonly number[]) => Promise<ReadonlySet<string>>;
}

interface Publication {
  readonly xid: string;
  readonly endedAt: number;
}

/** Nobody sequences, it seems: then nobody waits any longer. */
const MOST_MS = 5_000;
const POLL = { ...DEFAULT_RETRY, initialRetryTime: 2, maxRetryTime: 50 };

/**
 * For which partitions this process has published in a transaction that has ended, and whose records may not be in the log yet: what it sends there directly
 * would overtake them.
 */
export class OwnPublications {
  readonly #options: OwnPublicationsOptions;
  /** By partition. The last to end is enough: a snapshot that shows it shows those that ended before. */
  readonly #last = new Map<number, Publication>();

  constructor(options: OwnPublicationsOptions) {
    this.#options = options;
  }

  /** A transaction that published for these partitions has ended, and perhaps with a commit. */
  ended(xid: string, partitionIds: readonly number[]): void {
    const endedAt = this.#options.clock.monotonic();
    for (const partitionId of partitionIds) this.#last.set(partitionId, { xid, endedAt });
  }

  /** Whether a direct send for one of these partitions would have to wait. */
  concerns(partitions: readonly { readonly partitionId: number }[]): boolean {
    return this.#last.size > 0 && partitions.some(({ partitionId }) => this.#pending(partitionId) !== undefined);
  }

  /** Resolves when what had ended by now, for these partitions, is in the log. Never rejects: then nothing is known, and nobody waits. */
  async untilSequenced(partitions: readonly { readonly partitionId: number }[]): Promise<void> {
    const { clock, random, unsequenced } = this.#options;
    for (let looks = 0; ; looks++) {
      const ids = partitions.map(({ partitionId }) => partitionId);
      const concerned = ids.filter((partitionId) => this.#pending(partitionId) !== undefined);
      if (concerned.length === 0) return;
      const xids = new Set(concerned.map((partitionId) => this.#last.get(partitionId)!.xid));
      const left = await unsequenced([...xids], concerned).catch(() => xids);
      for (const partitionId of concerned) {
        const { xid } = this.#last.get(partitionId)!;
        if (xids.has(xid) && !left.has(xid)) this.#last.delete(partitionId);
      }
      if (left.size > 0) await clock.sleep(retryDelay(POLL, looks, random));
    }
  }

  #pending(partitionId: number): Publication | undefined {
    const publication = this.#last.get(partitionId);
    if (publication === undefined || this.#options.clock.monotonic() < publication.endedAt + MOST_MS)
      return publication;
    this.#last.delete(partitionId);
    return undefined;
  }
}
