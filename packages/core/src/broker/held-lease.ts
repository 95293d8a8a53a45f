import { acquireLease, resignLease } from '../metadata/lease.store.js';
import type { ServiceContext } from './leased-service.js';

/**
 * A lease that is kept by renewing it from time to time, for a service that turns more often than that. As far as this process
 * knows: what is safe compares the epoch in the database.
 */
export class HeldLease {
  readonly #context: Pick<ServiceContext, 'database' | 'holder' | 'clock'>;
  readonly #name: string;
  readonly #ttlMs: number;
  readonly #onTaken: () => Promise<void>;
  #held: { readonly epoch: bigint; readonly renewAt: number } | undefined;

  /** `onTaken`: before the first turn under a new epoch. */
  constructor(
    context: Pick<ServiceContext, 'database' | 'holder' | 'clock'>,
    options: { readonly name: string; readonly ttlMs: number; readonly onTaken: () => Promise<void> },
  ) {
    const { name, ttlMs, onTaken } = options;
    this.#context = context;
    this.#name = name;
    this.#ttlMs = ttlMs;
    this.#onTaken = onTaken;
  }

  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** Its epoch; undefined while somebody else has it. @throws PostlogError */
  async hold(): Promise<bigint | undefined> {
    const { database, holder, clock } = this.#context;
    const now = clock.monotonic();
    if (this.#held !== undefined && now < this.#held.renewAt) return this.#held.epoch;
    const epoch = await acquireLease(database, { name: this.#name, holder, ttlMs: this.#ttlMs });
    if (epoch !== undefined && epoch !== this.#held?.epoch) await this.#onTaken();
    this.#held = epoch === undefined ? undefined : { epoch, renewAt: now + this.#ttlMs / 3 };
    return epoch;
  }

  /** Somebody else turned out to have it. */
  lose(): void {
    this.#held = undefined;
  }

  /** @throws PostlogError */
  async resign(): Promise<void> {
    const { database, holder } = this.#context;
    await resignLease(database, { name: this.#name, holder });
  }
}
