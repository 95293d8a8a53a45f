import { PostlogError } from '../errors/postlog-error.js';
import { checkChanges, checkName } from '../metadata/check-changes.js';
import type {
  Lease,
  MetadataChange,
  MetadataEntry,
  MetadataListing,
  MetadataStore,
} from '../metadata/metadata-store.js';
import type { Clock } from '../runtime/clock.js';

type Fence = Pick<Lease, 'name' | 'epoch'>;

/**
 * What becomes of a commit that its caller hears an error of. `refused`: nothing, and the caller knows (`failed`). Of the
 * others it does not (`unknown`): `lost` was made, `unmade` never is, and a late one reaches the store when that time has passed.
 */
export type CommitFate = 'refused' | 'lost' | 'unmade' | { readonly lateMs: number };

/** A metadata store in memory: one state, and as many stores on it as there are processes. */
export class MemoryMetadata {
  readonly #clock: Clock;
  readonly #entries = new Map<string, MetadataEntry>();
  readonly #leases = new Map<string, Lease & { readonly expiresAt: number }>();
  readonly #watchers = new Set<() => void>();
  #revision = 1n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(): MemoryMetadataStore {
    return new MemoryMetadataStore(this, this.#clock);
  }

  list(prefix: string): MetadataListing {
    const entries = [...this.#entries.values()].filter(({ key }) => key.startsWith(prefix));
    return { revision: this.#revision, entries: entries.sort((a, b) => (a.key < b.key ? -1 : 1)) };
  }

  commit(changes: readonly MetadataChange[], fence?: Fence): bigint | undefined {
    if (fence !== undefined && this.#leases.get(fence.name)?.epoch !== fence.epoch) return undefined;
    const holds = ({ key, expectedRevision }: MetadataChange) =>
      (this.#entries.get(key)?.revision ?? 0n) === expectedRevision;
    if (!changes.every(holds)) return undefined;
    const effective = changes.filter(
      ({ key, value }) => typeof value === 'string' || (value === null && this.#entries.has(key)),
    );
    if (effective.length === 0) return this.#revision;
    this.#revision += 1n;
    for (const { key, value } of effective) {
      if (typeof value === 'string') this.#entries.set(key, { key, value, revision: this.#revision });
      else this.#entries.delete(key);
    }
    for (const watcher of [...this.#watchers]) watcher();
    return this.#revision;
  }

  acquireLease({ name, holder, ttlMs }: { name: string; holder: string; ttlMs: number }): bigint | undefined {
    const last = this.#leases.get(name);
    const now = this.#clock.monotonic();
    if (last !== undefined && last.holder !== holder && last.expiresAt > now) return undefined;
    const epoch = (last?.epoch ?? 0n) + (last?.holder === holder ? 0n : 1n);
    this.#leases.set(name, { name, holder, epoch, expiresAt: now + ttlMs });
    return epoch;
  }

  resignLease({ name, holder }: { name: string; holder: string }): void {
    const last = this.#leases.get(name);
    if (last?.holder === holder) this.#leases.set(name, { ...last, expiresAt: this.#clock.monotonic() });
  }

  listLeases(prefix: string): Lease[] {
    return [...this.#leases.values()]
      .filter(({ name, expiresAt }) => name.startsWith(prefix) && expiresAt > this.#clock.monotonic())
      .map(({ name, holder, epoch }) => ({ name, holder, epoch }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  watch(onChange: () => void): () => void {
    const watcher = () => onChange();
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }
}

/** One process's way to it. */
export class MemoryMetadataStore implements MetadataStore {
  readonly #memory: MemoryMetadata;
  readonly #clock: Clock;
  readonly #watches = new Set<() => void>();
  readonly #fates: CommitFate[] = [];

  constructor(memory: MemoryMetadata, clock: Clock) {
    this.#memory = memory;
    this.#clock = clock;
  }

  /** Decides what becomes of the next commit of this process (after those already decided). */
  failNextCommit(fate: CommitFate): void {
    this.#fates.push(fate);
  }

  async list(prefix: string): Promise<MetadataListing> {
    return this.#memory.list(prefix);
  }

  async commit(changes: readonly MetadataChange[], fence?: Fence): Promise<bigint | undefined> {
    checkChanges(changes);
    const fate = this.#fates.shift();
    if (fate === undefined) return this.#memory.commit(changes, fence);
    if (fate === 'lost') this.#memory.commit(changes, fence);
    else if (typeof fate === 'object') this.#clock.after(fate.lateMs, () => void this.#memory.commit(changes, fence));
    throw new PostlogError('NETWORK_EXCEPTION', 'the answer of the metadata store was lost.', {
      outcome: fate === 'refused' ? 'failed' : 'unknown',
    });
  }

  async acquireLease(lease: { name: string; holder: string; ttlMs: number }): Promise<bigint | undefined> {
    checkName(lease.name);
    return this.#memory.acquireLease(lease);
  }

  async resignLease(lease: { name: string; holder: string }): Promise<void> {
    this.#memory.resignLease(lease);
  }

  async listLeases(prefix: string): Promise<readonly Lease[]> {
    return this.#memory.listLeases(prefix);
  }

  watch(onChange: () => void): () => void {
    const stop = this.#memory.watch(onChange);
    this.#watches.add(stop);
    return stop;
  }

  async close(): Promise<void> {
    for (const stop of this.#watches) stop();
  }
}
