import type { EtcdClient } from './etcd-client.js';
import {
  field,
  get,
  isAtRevision,
  put,
  rangeOf,
  readEntries,
  readGets,
  readIsAlive,
  readLeaseId,
  readSucceeded,
  remove,
  type EtcdEntry,
} from './etcd-messages.js';
import type { Lease } from './metadata-store.js';

/** How often a lease is looked at again that changed while it was being taken. */
const MOST_ATTEMPTS = 5;

interface LeaseState {
  /** The key that lives as long as the etcd lease that it is attached to. */
  readonly held: EtcdEntry | undefined;
  /** Its last epoch and last holder, which stay. */
  readonly epoch: EtcdEntry | undefined;
  readonly lastHolder: EtcdEntry | undefined;
}

/**
 * Leases by name, on etcd's: below `<root>leases/` a key that is attached to an etcd lease and goes with it, below
 * `<root>epochs/` and `<root>holders/` what outlives it. All three change in one transaction, so an epoch is given once.
 *
 * etcd counts leases in whole seconds, two at least, so a lease lasts up to two seconds longer than was asked for.
 */
export class EtcdLeases {
  readonly #client: EtcdClient;
  readonly #root: string;

  constructor(client: EtcdClient, root: string) {
    this.#client = client;
    this.#root = root;
  }

  /** The key whose value is the epoch of a lease, for comparisons in other transactions. */
  epochKey(name: string): string {
    return `${this.#root}epochs/${name}`;
  }

  /** Takes the lease or renews it. Asking again is harmless, whatever became of an earlier request. */
  async acquire(lease: { readonly name: string; readonly holder: string; readonly ttlMs: number }) {
    const ttl = Math.max(1, Math.ceil(lease.ttlMs / 1000));
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const state = await this.#look(lease.name);
      const held = state.held === undefined ? undefined : readHeld(state.held.value);
      if (held !== undefined && held.holder !== lease.holder) return undefined;
      const isRenewed = held?.ttl === ttl && (await this.#keepAlive(state.held!.lease));
      if (isRenewed) return held.epoch;
      const epoch = await this.#take(lease, ttl, state);
      if (epoch !== undefined) return epoch;
    }
    return undefined;
  }

  async resign({ name, holder }: { readonly name: string; readonly holder: string }): Promise<void> {
    const { held } = await this.#look(name);
    if (held === undefined || readHeld(held.value).holder !== holder) return;
    await this.#commit([isAtRevision(held.key, held.modRevision)], [remove(held.key)]);
    await this.#revoke(held.lease);
  }

  async list(prefix: string): Promise<Lease[]> {
    const root = `${this.#root}leases/`;
    const answer = await this.#ask('/v3/kv/range', rangeOf(root + prefix));
    return readEntries(answer).map(({ key, value }) => {
      const { holder, epoch } = readHeld(value);
      return { name: key.slice(root.length), holder, epoch };
    });
  }

  async #look(name: string): Promise<LeaseState> {
    const keys = [`${this.#root}leases/${name}`, this.epochKey(name), `${this.#root}holders/${name}`];
    const [held, epoch, lastHolder] = readGets(await this.#ask('/v3/kv/txn', { success: keys.map(get) }));
    return { held, epoch, lastHolder };
  }

  /** Attaches the lease's key to a new etcd lease, if nothing changed since it was looked at; answers its epoch. */
  async #take(
    { name, holder }: { readonly name: string; readonly holder: string },
    ttl: number,
    { held, epoch: last, lastHolder }: LeaseState,
  ): Promise<bigint | undefined> {
    const etcdLease = readLeaseId(await this.#ask('/v3/lease/grant', { TTL: String(ttl) }));
    const isSameHolder = lastHolder?.value === holder;
    const epoch = BigInt(last?.value ?? '0') + (isSameHolder ? 0n : 1n);
    const key = `${this.#root}leases/${name}`;
    const isTaken = await this.#commit(
      [isAtRevision(key, held?.modRevision ?? '0'), isAtRevision(this.epochKey(name), last?.modRevision ?? '0')],
      [
        put(key, JSON.stringify({ holder, epoch: String(epoch), ttl }), etcdLease),
        ...(isSameHolder ? [] : [put(this.epochKey(name), String(epoch)), put(`${this.#root}holders/${name}`, holder)]),
      ],
    );
    if (!isTaken) await this.#revoke(etcdLease);
    else if (held !== undefined) await this.#revoke(held.lease);
    return isTaken ? epoch : undefined;
  }

  async #commit(compare: readonly object[], success: readonly object[]): Promise<boolean> {
    return readSucceeded(await this.#ask('/v3/kv/txn', { compare, success }));
  }

  async #keepAlive(etcdLease: string): Promise<boolean> {
    return readIsAlive(await this.#ask('/v3/lease/keepalive', { ID: etcdLease }));
  }

  /** No key is attached to it any more; it would run out by itself. */
  async #revoke(etcdLease: string): Promise<void> {
    await this.#ask('/v3/lease/revoke', { ID: etcdLease }).catch(() => {});
  }

  #ask(path: string, body: object): Promise<unknown> {
    return this.#client.ask(path, body, { isRepeatable: true });
  }
}

function readHeld(value: string): { readonly holder: string; readonly epoch: bigint; readonly ttl: number } {
  const held: unknown = JSON.parse(value);
  return {
    holder: String(field(held, 'holder')),
    epoch: BigInt(String(field(held, 'epoch'))),
    ttl: Number(field(held, 'ttl')),
  };
}
