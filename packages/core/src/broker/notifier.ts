import type { Clock } from '../runtime/clock.js';
import type { Database } from '../postgres/database.js';
import { notify } from './wake-up.store.js';

/** Wake-ups that come closer together than this are merged. */
const MERGE_MS = 1;
/** A notification must be shorter than 8000 bytes; beyond this many keys it says "look everywhere". */
const MOST_KEYS = 500;

/**
 * Tells other processes that something happened to a partition (`17`), to a group (`g` and a hash), to the outbox
 * (`o`, `e`), to delayed deliveries (`d`, `x`), or to topics (`*`: look everywhere).
 *
 * Leading edge: the first wake-up goes at once; those that come while it is on its way, or within a millisecond, go
 * together. Never inside a user's transaction, since a notification is serialised with other commits.
 * A wake-up that is lost costs time only, so failures are not repeated.
 */
export class Notifier {
  readonly #database: Database;
  readonly #channel: string;
  readonly #processToken: string;
  readonly #clock: Clock;
  readonly #pending = new Set<string>();
  #busy = false;

  constructor(options: { database: Database; channel: string; processToken: string; clock: Clock }) {
    this.#database = options.database;
    this.#channel = options.channel;
    this.#processToken = options.processToken;
    this.#clock = options.clock;
  }

  announce(keys: Iterable<string>): void {
    for (const key of keys) this.#pending.add(key);
    if (!this.#busy && this.#pending.size > 0) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#pending.size > 0) {
      const keys = this.#pending.has('*') || this.#pending.size > MOST_KEYS ? '*' : [...this.#pending].join(',');
      this.#pending.clear();
      await notify(this.#database, this.#channel, `${this.#processToken}:${keys}`).catch(() => {});
      await this.#clock.sleep(MERGE_MS);
    }
    this.#busy = false;
  }
}
