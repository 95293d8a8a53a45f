/**
 * ZooKeeper's role, as a port: a small store with compare-and-set on revisions, leases on its own clock, listing, and a
 * watch that is only a hint. Nothing on the path of a record touches it.
 *
 * Adapters: `postgres-metadata-store.ts`, `etcd-metadata-store.ts`; one contract suite serves both.
 */
export interface MetadataEntry {
  readonly key: string;
  /** JSON text; the store does not look into it. */
  readonly value: string;
  /** Of the write that made this value; rises over the whole store. */
  readonly revision: bigint;
}

export interface MetadataListing {
  /** The store's revision at the moment of the listing; it never goes back. */
  readonly revision: bigint;
  /** By key, ascending. */
  readonly entries: readonly MetadataEntry[];
}

export interface MetadataChange {
  readonly key: string;
  /** The entry must still be of this revision; 0: it must not exist. */
  readonly expectedRevision: bigint;
  /** The new value; null deletes; left out: only the comparison counts. */
  readonly value?: string | null;
}

/** A holder's claim; `epoch` rises with every change of hands, so that writes can be fenced by it. */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly epoch: bigint;
}

export interface MetadataStore {
  /** Entries whose key begins with `prefix`, under one snapshot. */
  list(prefix: string): Promise<MetadataListing>;
  /**
   * Makes all changes, or none because a comparison failed (or because the lease `fence` has another epoch by now).
   * Answers the store's revision after them, or undefined when nothing was changed. At most `MOST_CHANGES` and `MOST_BYTES`
   * at a time, each key once.
   *
   * @throws PostlogError `INVALID_REQUEST` or `MESSAGE_TOO_LARGE` before anything is sent, when the changes break these limits.
   * @throws PostlogError with `outcome: 'unknown'` when the answer was lost: the changes may have been made, or be made yet.
   */
  commit(
    changes: readonly MetadataChange[],
    fence?: { readonly name: string; readonly epoch: bigint },
  ): Promise<bigint | undefined>;
  /** Takes a lease that is free or has run out, or renews one's own; answers its epoch, or undefined while somebody else holds it. */
  acquireLease(lease: {
    readonly name: string;
    readonly holder: string;
    readonly ttlMs: number;
  }): Promise<bigint | undefined>;
  /** Gives a lease back at once. */
  resignLease(lease: { readonly name: string; readonly holder: string }): Promise<void>;
  /** Leases whose name begins with `prefix` and which have not run out, on the store's clock. */
  listLeases(prefix: string): Promise<readonly Lease[]>;
  /** Calls back soon after something changed, as far as it hears of it; the answer ends it. Missing a call must cost time only. */
  watch(onChange: () => void): () => void;
  close(): Promise<void>;
}

/** etcd's default limit of a transaction is 128 operations. */
export const MOST_CHANGES = 100;
/** Keys and values of one commit together; etcd's default limit of a request is 1.5 MiB. */
export const MOST_BYTES = 1024 * 1024;
