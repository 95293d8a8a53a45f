import { effectiveMinIsr, type BrokerId, type ClusterImage, type RegisteredBroker } from '../cluster/cluster-image.js';
import { changeIsr } from '../cluster/leader-election.js';
import { updateTopic } from '../cluster/cluster-metadata.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import { mayJoin } from './in-sync-replicas.js';
import type { IsrAuthority, IsrChange } from './isr-keeper.js';

/** Decides changes of the ISR by compare-and-set on the topic's entry, and on the entries of brokers that join (rules B10, B11). */
export class MetadataIsrAuthority implements IsrAuthority {
  readonly #store: MetadataStore;
  readonly #image: () => ClusterImage | undefined;

  constructor(store: MetadataStore, image: () => ClusterImage | undefined) {
    this.#store = store;
    this.#image = image;
  }

  brokers(): ReadonlyMap<BrokerId, RegisteredBroker> {
    return this.#image()?.brokers ?? new Map<BrokerId, RegisteredBroker>();
  }

  async changeIsr(change: IsrChange): Promise<boolean> {
    const name = [...(this.#image()?.topics.values() ?? [])].find(({ topicId }) => topicId === change.topicId)?.topic;
    if (name === undefined) return false;
    const updated = await updateTopic(
      this.#store,
      name,
      (topic, brokers) => {
        const state = topic.partitions[change.partition];
        const isCurrent =
          topic.topicId === change.topicId &&
          state?.leaderEpoch === change.leaderEpoch &&
          state.partitionEpoch === change.partitionEpoch;
        const mayAllJoin = [...change.joining].every(([brokerId, epoch]) => mayJoin(brokers.get(brokerId), epoch));
        if (!isCurrent || !mayAllJoin) return undefined;
        const changed = changeIsr(state, change.isr, effectiveMinIsr(topic, state));
        return { ...topic, partitions: topic.partitions.with(change.partition, changed) };
      },
      { brokers: [...change.joining.keys()] },
    );
    return updated !== undefined;
  }
}
