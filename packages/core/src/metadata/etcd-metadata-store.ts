import { PostlogError } from '../errors/postlog-error.js';
import { startLoop } from '../runtime/run-loop.js';
import { DEFAULT_RETRY } from '../runtime/backoff.js';
import type { Random } from '../runtime/random.js';
import { checkChanges, checkName } from './check-changes.js';
import { EtcdClient, type EtcdClientOptions } from './etcd-client.js';
import { EtcdLeases } from './etcd-leases.js';
import {
  hasValue,
  isAtRevision,
  put,
  rangeOf,
  readEntries,
  readRevision,
  readSucceeded,
  remove,
} from './etcd-messages.js';
import type { Lease, MetadataChange, MetadataListing, MetadataStore } from './metadata-store.js';
import { RevisionGuard } from './revision-guard.js';
import { Watchers } from './watchers.js';

export interface EtcdMetadataStoreOptions extends EtcdClientOptions {
  /** Clusters of several names share an etcd: keys begin with `postlog/<cluster>/`. */
  readonly cluster: string;
  readonly random: Random;
  /** What went wrong while listening; it is tried again by itself. */
  readonly onError: (error: unknown) => void;
}

/** Between two watches of which the first ended; also the least time between two errors. */
const WATCH_REST_MS = 100;

/**
 * The metadata store in etcd (3.4 or newer), through its JSON gateway.
 *
 * Only transactions that compare revisions, and full listings, are relied on: watches of etcd 3.4 are known to lose events and
 * to go back in time, so here a watch says no more than "look again".
 */
export class EtcdMetadataStore implements MetadataStore {
  readonly #client: EtcdClient;
  readonly #leases: EtcdLeases;
  readonly #entries: string;
  readonly #guard = new RevisionGuard();
  readonly #watchers: Watchers;

  constructor(options: EtcdMetadataStoreOptions) {
    const { cluster, clock, random, onError } = options;
    if (!/^[A-Za-z0-9._-]{1,100}$/.test(cluster)) {
      throw new PostlogError(
        'INVALID_CONFIG',
        `"${cluster}" is no name for a cluster; use letters, digits, ".", "_" and "-".`,
      );
    }
    const root = `postlog/${cluster}/`;
    this.#client = new EtcdClient(options);
    this.#leases = new EtcdLeases(this.#client, root);
    this.#entries = `${root}entries/`;
    this.#watchers = new Watchers(() =>
      startLoop({
        clock,
        random: random.next,
        retry: { ...DEFAULT_RETRY, maxRetryTime: 5_000 },
        onError,
        step: async (signal) => {
          try {
            const onPiece = () => this.#watchers.callAll();
            await this.#client.follow('/v3/watch', { create_request: rangeOf(root) }, { signal, onPiece });
          } finally {
            this.#watchers.callAll();
          }
          return WATCH_REST_MS;
        },
      }),
    );
  }

  list(prefix: string): Promise<MetadataListing> {
    return this.#guard.read(async () => {
      const answer = await this.#client.ask('/v3/kv/range', rangeOf(this.#entries + prefix), { isRepeatable: true });
      const entries = readEntries(answer).map(({ key, value, modRevision }) => ({
        key: key.slice(this.#entries.length),
        value,
        revision: BigInt(modRevision),
      }));
      return { revision: readRevision(answer), entries };
    });
  }

  async commit(
    changes: readonly MetadataChange[],
    fence?: { readonly name: string; readonly epoch: bigint },
  ): Promise<bigint | undefined> {
    checkChanges(changes);
    const keyOf = (change: MetadataChange) => this.#entries + change.key;
    const compare = changes.map((change) => isAtRevision(keyOf(change), change.expectedRevision));
    if (fence !== undefined) compare.push(hasValue(this.#leases.epochKey(fence.name), String(fence.epoch)));
    const success = changes.flatMap((change) => {
      if (change.value === undefined) return [];
      return [change.value === null ? remove(keyOf(change)) : put(keyOf(change), change.value)];
    });
    const answer = await this.#client.ask('/v3/kv/txn', { compare, success }, { isRepeatable: false });
    const revision = readRevision(answer);
    this.#guard.note(revision);
    return readSucceeded(answer) ? revision : undefined;
  }

  async acquireLease(lease: {
    readonly name: string;
    readonly holder: string;
    readonly ttlMs: number;
  }): Promise<bigint | undefined> {
    checkName(lease.name);
    return this.#leases.acquire(lease);
  }

  resignLease(lease: { readonly name: string; readonly holder: string }): Promise<void> {
    return this.#leases.resign(lease);
  }

  listLeases(prefix: string): Promise<readonly Lease[]> {
    return this.#leases.list(prefix);
  }

  watch(onChange: () => void): () => void {
    return this.#watchers.add(onChange);
  }

  close(): Promise<void> {
    return this.#watchers.close();
  }
}
