import { brokerLease } from '../cluster/broker-registration.js';
import type { BrokerId } from '../cluster/cluster-image.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import type { Clock } from '../runtime/clock.js';
import { MemoryMetadata, type MemoryMetadataStore } from './memory-metadata-store.js';
import type { Mistakes } from './simulation-mistakes.js';
import { overNetwork, type SimulatedNetwork, type SimulatedServer } from './simulation-network.js';
import type { SimulatedProcess } from './simulation-process.js';

export interface SimulatedMetadataOptions {
  readonly clock: Clock;
  readonly network: SimulatedNetwork;
  readonly mistakes: Mistakes;
  readonly onCommit: (metadata: SimulatedMetadata) => Promise<void>;
}

/** The metadata store on a server of its own. It keeps everything when it stops. */
export class SimulatedMetadata implements SimulatedServer {
  readonly name = 'metadata';
  isUp = true;
  readonly starts = 1;
  /** What it holds, without a network in between. */
  readonly store: MemoryMetadataStore;
  readonly #options: SimulatedMetadataOptions;
  readonly #sessionEnds = new Map<string, number>();

  constructor(options: SimulatedMetadataOptions) {
    this.#options = options;
    this.store = new MemoryMetadata(options.clock).open();
  }

  /** Whether the broker's session lasts still, or would if nobody had ended it. */
  hasSession(brokerId: BrokerId): boolean {
    return (this.#sessionEnds.get(brokerLease(brokerId)) ?? -Infinity) > this.#options.clock.monotonic();
  }

  /** The store as a process sees it. */
  storeFor(process: SimulatedProcess): MetadataStore {
    const { network, clock, mistakes, onCommit } = this.#options;
    const { store } = this;
    const commit: MetadataStore['commit'] = async (changes, fence) => {
      const revision = await store.commit(changes, mistakes.has('a controller is not fenced') ? undefined : fence);
      if (revision !== undefined) await onCommit(this);
      return revision;
    };
    const acquireLease: MetadataStore['acquireLease'] = async (lease) => {
      const epoch = await store.acquireLease(lease);
      if (epoch !== undefined) this.#sessionEnds.set(lease.name, clock.monotonic() + lease.ttlMs);
      return epoch;
    };
    const calls = overNetwork<Omit<MetadataStore, 'watch' | 'close'>>(
      {
        list: (prefix) => store.list(prefix),
        listLeases: (prefix) => store.listLeases(prefix),
        resignLease: (lease) => store.resignLease(lease),
        commit,
        acquireLease,
      },
      (what, effect) => network.call(process, this, what, effect),
    );
    return {
      list: calls.list,
      listLeases: calls.listLeases,
      resignLease: calls.resignLease,
      commit: calls.commit,
      acquireLease: calls.acquireLease,
      watch: (onChange) => {
        const stop = store.watch(() => {
          if (process.isAlive) network.hint(this.name, process, onChange);
          else stop();
        });
        return stop;
      },
      close: async () => {},
    };
  }
}
