import type { BrokerId, ClusterImage, PartitionState, RegisteredBroker, TopicState } from './cluster-image.js';
import { effectiveMinIsr } from './cluster-image.js';
import { drainLeader, electLeader, preferredLeader, removeFromIsr } from './leader-election.js';
import { changedPartition } from './partition-change.js';
import { finishReassignment } from './partition-reassignment.js';

export interface Circumstances {
  readonly image: ClusterImage;
  /** Brokers whose lease has not run out. */
  readonly aliveBrokers: ReadonlySet<BrokerId>;
}

/** What the controller writes: brokers and topics in their new state, those only that changed. */
export interface ControllerDecision {
  readonly brokers: readonly RegisteredBroker[];
  readonly topics: readonly TopicState[];
}

/**
 * What the controller does about the cluster as it is, or undefined when all is well.
 *
 * Brokers whose lease is gone are fenced (rule D26); whoever is fenced leaves every ISR; partitions without a valid
 * leader get one (rules D27 to D29), those of brokers that shut down another one (rule D33); and reassignments whose
 * replicas are in sync come to their end (rule D35). One decision, so that no state in between is ever seen.
 */
export function decideController({ image, aliveBrokers }: Circumstances): ControllerDecision | undefined {
  const fenced = [...image.brokers.values()]
    .filter(({ brokerId, state }) => state !== 'fenced' && !aliveBrokers.has(brokerId))
    .map((broker): RegisteredBroker => ({ ...broker, state: 'fenced' }));
  const brokers = new Map([...image.brokers, ...fenced.map((broker) => [broker.brokerId, broker] as const)]);
  const topics = changedTopics(image, (partition, topic) => settle(partition, topic, brokers));
  return decision(fenced, topics);
}

/** Leaderships that go back to the preferred replicas (rule D32), or undefined. */
export function decidePreferredElections({ image, aliveBrokers }: Circumstances): ControllerDecision | undefined {
  const candidates = new Set([...inState(image.brokers, 'active')].filter((broker) => aliveBrokers.has(broker)));
  const topics = changedTopics(image, (partition, topic) =>
    preferredLeader(partition, candidates, effectiveMinIsr(topic, partition)),
  );
  return decision([], topics);
}

/**
 * A partition without a leader under any replica that is alive, although acknowledged records may be lost (rule D30);
 * undefined when it needs none or none is alive. An operator's explicit act: the controller never does it by itself.
 */
export function decideUncleanElection(
  partition: PartitionState,
  aliveBrokers: ReadonlySet<BrokerId>,
  minIsr: number,
): PartitionState | undefined {
  const elected = electLeader(partition, aliveBrokers, { unclean: true, minIsr });
  return elected?.leader === null ? undefined : elected;
}

function settle(
  before: PartitionState,
  topic: TopicState,
  brokers: ReadonlyMap<BrokerId, RegisteredBroker>,
): PartitionState | undefined {
  const minIsr = effectiveMinIsr(topic, before);
  const active = inState(brokers, 'active');
  const draining = inState(brokers, 'draining');
  const gone = before.isr.filter((member) => !active.has(member) && !draining.has(member));
  // Also when nobody is gone: somebody may have lowered the minimum, and an ISR that is large enough leaves nobody else eligible.
  let partition = removeFromIsr(before, gone, { minIsr, isUnclean: false }) ?? before;
  const { leader } = partition;
  const mayLead = leader !== null && draining.has(leader) ? new Set([...active, leader]) : active;
  partition = electLeader(partition, mayLead, { unclean: false, minIsr }) ?? partition;
  for (const broker of draining) partition = drainLeader(partition, broker, active, minIsr) ?? partition;
  partition = finishReassignment(partition, mayLead, minIsr) ?? partition;
  return changedPartition(before, partition);
}

function inState(
  brokers: ReadonlyMap<BrokerId, RegisteredBroker>,
  wanted: RegisteredBroker['state'],
): ReadonlySet<BrokerId> {
  return new Set([...brokers.values()].filter(({ state }) => state === wanted).map(({ brokerId }) => brokerId));
}

function changedTopics(
  image: ClusterImage,
  change: (partition: PartitionState, topic: TopicState) => PartitionState | undefined,
): readonly TopicState[] {
  return [...image.topics.values()].flatMap((topic) => {
    const changes = topic.partitions.map((partition) => change(partition, topic));
    if (changes.every((changed) => changed === undefined)) return [];
    return [{ ...topic, partitions: topic.partitions.map((partition, at) => changes[at] ?? partition) }];
  });
}

function decision(brokers: readonly RegisteredBroker[], topics: readonly TopicState[]): ControllerDecision | undefined {
  return brokers.length === 0 && topics.length === 0 ? undefined : { brokers, topics };
}
