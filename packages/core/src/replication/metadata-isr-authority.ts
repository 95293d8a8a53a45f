import {
  effectiveMinIsr,
  type BrokerId,
  type ClusterImage,
  type RegisteredBroker,
  type TopicState,
} from '../cluster/cluster-image.js';
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

  async changeIsr(changes: readonly IsrChange[]): Promise<readonly boolean[]> {
    const topics = [...(this.#image()?.topics.values() ?? [])];
    const name = topics.find(({ topicId }) => topicId === changes[0]?.topicId)?.topic;
    let isMade = changes.map(() => false);
    if (name === undefined) return isMade;
    await updateTopic(
      this.#store,
      name,
      (topic, brokers) => {
        isMade = changes.map((change) => canBeMade(change, topic, brokers));
        if (!isMade.includes(true)) return undefined;
        return changes.filter((_, place) => isMade[place]).reduce(afterChange, topic);
      },
      { brokers: [...new Set(changes.flatMap(({ joining }) => [...joining.keys()]))] },
    );
    return isMade;
  }
}

function canBeMade(change: IsrChange, topic: TopicState, brokers: ReadonlyMap<BrokerId, RegisteredBroker>): boolean {
  const state = topic.partitions[change.partition];
  const isCurrent =
    topic.topicId === change.topicId &&
    state?.leaderEpoch === change.leaderEpoch &&
    state.partitionEpoch === change.partitionEpoch;
  return isCurrent && [...change.joining].every(([brokerId, epoch]) => mayJoin(brokers.get(brokerId), epoch));
}

function afterChange(topic: TopicState, { partition, isr }: IsrChange): TopicState {
  const state = topic.partitions[partition]!;
  return {
    ...topic,
    partitions: topic.partitions.with(partition, changeIsr(state, isr, effectiveMinIsr(topic, state))),
  };
}
