import type { StoredImage } from '../cluster/cluster-metadata.js';
import { readImage } from '../cluster/cluster-metadata.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import { DEFAULT_RETRY, retryDelay } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import { startLoop, type Loop } from '../runtime/run-loop.js';
import type { KnownLeader, PartitionPlace } from './cluster.js';
import { haveLeadersChanged, leadersOf, type LeaderMap } from './image-leaders.js';

/** Whatever becomes of hints and errors, the image is never older than this while the store answers. */
const LONGEST_AGE_MS = 2_000;
/** However many ask, the store is read no more often than this. */
const SHORTEST_AGE_MS = 150;

export interface ClusterViewOptions {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: unknown) => void;
}

/**
 * The cluster as this process knows it: an image that is read again when it is old, when something proved it wrong, and when the store
 * hints that it changed. While the store is away the last one stands: what leads goes on leading.
 */
export class ClusterView {
  readonly #options: ClusterViewOptions;
  readonly #listeners = new Set<() => void>();
  #image: StoredImage | undefined;
  #leaders: LeaderMap = new Map();
  #reading: Promise<StoredImage> | undefined;
  #next: Promise<StoredImage> | undefined;
  #readAt = -Infinity;
  #loop: Loop | undefined;
  #stopWatching = () => {};

  constructor(options: ClusterViewOptions) {
    this.#options = options;
  }

  /** The last image; undefined before the first was read. */
  get image(): StoredImage | undefined {
    return this.#image;
  }

  /** Keeps the image up to date from now on. */
  start(): void {
    const { store, clock, random, onError } = this.#options;
    const loop = startLoop({
      clock,
      random: random.next,
      retry: { ...DEFAULT_RETRY, maxRetryTime: LONGEST_AGE_MS },
      step: async () => {
        await this.refresh();
        return LONGEST_AGE_MS;
      },
      onError,
    });
    this.#loop = loop;
    this.#stopWatching = store.watch(() => loop.wake());
  }

  async stop(): Promise<void> {
    this.#stopWatching();
    this.#listeners.clear();
    await this.#loop?.stop();
  }

  /** Resolves with an image whose reading began after this call. Whoever waits for the same one shares it. */
  refresh(): Promise<StoredImage> {
    this.#next ??= this.#readNext();
    return this.#next;
  }

  knownLeader({ partitionId }: Pick<PartitionPlace, 'partitionId'>): KnownLeader | undefined {
    return this.#leaders.get(partitionId) ?? undefined;
  }

  /** Calls back when leaders have changed, after they can be asked for; the answer ends that. */
  onLeadersChanged(run: () => void): () => void {
    this.#listeners.add(run);
    return () => void this.#listeners.delete(run);
  }

  async #readNext(): Promise<StoredImage> {
    const { clock, random, store } = this.#options;
    await this.#reading?.catch(() => {}); // It began before; its caller hears of its error.
    const spread = retryDelay({ ...DEFAULT_RETRY, initialRetryTime: SHORTEST_AGE_MS }, 0, random.next);
    const wait = this.#readAt + spread - clock.monotonic();
    if (wait > 0) await clock.sleep(wait);
    this.#next = undefined;
    this.#readAt = clock.monotonic();
    this.#reading = readImage(store);
    const image = await this.#reading;
    this.#learn(image);
    return image;
  }

  #learn(image: StoredImage): void {
    if (this.#image !== undefined && image.revision < this.#image.revision) return;
    const before = this.#leaders;
    this.#image = image;
    this.#leaders = leadersOf(image);
    if (haveLeadersChanged(before, this.#leaders)) for (const run of [...this.#listeners]) run();
  }
}
