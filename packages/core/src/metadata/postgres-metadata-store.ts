import type { Database } from '../postgres/database.js';
import { startListener } from '../postgres/listener.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import { checkChanges, checkName } from './check-changes.js';
import { acquireLease, listLeases, resignLease } from './lease.store.js';
import { commitMetadata, listMetadata, notifyMetadata } from './metadata.store.js';
import type { Lease, MetadataChange, MetadataListing, MetadataStore } from './metadata-store.js';
import { RevisionGuard } from './revision-guard.js';
import { Watchers } from './watchers.js';

export interface PostgresMetadataStoreOptions {
  /** Migrated. Stays open when the store is closed. */
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  /** What went wrong while listening; it is tried again by itself. */
  readonly onError: (error: unknown) => void;
}

/** The metadata store in one Postgres database: as available as that database is. */
export class PostgresMetadataStore implements MetadataStore {
  readonly #database: Database;
  readonly #sender: string;
  readonly #watchers: Watchers;
  readonly #guard = new RevisionGuard();
  #announcing: Promise<void> | undefined;
  #isAnotherDue = false;

  constructor({ database, clock, random, onError }: PostgresMetadataStoreOptions) {
    this.#database = database;
    this.#sender = random.uniqueName('metadata');
    this.#watchers = new Watchers(() =>
      startListener({
        database,
        channel: this.#channel,
        clock,
        random: random.next,
        onPayload: (sender) => sender === this.#sender || this.#watchers.callAll(),
        onLive: () => this.#watchers.callAll(),
        onError,
      }),
    );
  }

  list(prefix: string): Promise<MetadataListing> {
    return this.#guard.read(() => listMetadata(this.#database, prefix));
  }

  async commit(
    changes: readonly MetadataChange[],
    fence?: { readonly name: string; readonly epoch: bigint },
  ): Promise<bigint | undefined> {
    checkChanges(changes);
    const revision = await commitMetadata(this.#database, changes, fence);
    this.#guard.note(revision);
    if (revision !== undefined && changes.some(({ value }) => value !== undefined)) this.#announce();
    return revision;
  }

  async acquireLease(lease: {
    readonly name: string;
    readonly holder: string;
    readonly ttlMs: number;
  }): Promise<bigint | undefined> {
    checkName(lease.name);
    return acquireLease(this.#database, lease);
  }

  resignLease(lease: { readonly name: string; readonly holder: string }): Promise<void> {
    return resignLease(this.#database, lease);
  }

  listLeases(prefix: string): Promise<readonly Lease[]> {
    return listLeases(this.#database, prefix);
  }

  watch(onChange: () => void): () => void {
    return this.#watchers.add(onChange);
  }

  async close(): Promise<void> {
    await this.#watchers.close();
    await this.#announcing;
  }

  get #channel(): string {
    return `${this.#database.schema}_metadata`;
  }

  /** One hint is on its way at a time; what changes meanwhile is told by the next. A hint that is lost costs time only. */
  #announce(): void {
    this.#watchers.callAll();
    this.#isAnotherDue = true;
    this.#announcing ??= this.#sendHints();
  }

  async #sendHints(): Promise<void> {
    while (this.#isAnotherDue) {
      this.#isAnotherDue = false;
      await notifyMetadata(this.#database, this.#channel, this.#sender).catch(() => {});
    }
    this.#announcing = undefined;
  }
}
