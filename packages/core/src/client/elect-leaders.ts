import { effectiveMinIsr, type BrokerId, type PartitionState, type TopicState } from '../cluster/cluster-image.js';
import { decideUncleanElection } from '../cluster/controller-decisions.js';
import { preferredLeader } from '../cluster/leader-election.js';
import type { ErrorCode } from '../errors/error-code.js';
import type { ElectionOutcome, ElectionType } from './cluster.js';

/**
 * An election that an operator asks for, in these partitions of a topic or in all: the topic as it should be, undefined when
 * nothing changes, and what became of each partition (rules D30, D32).
 */
export function electLeaders(
  topic: TopicState,
  type: ElectionType,
  {
    partitions,
    aliveBrokers,
  }: { readonly partitions: readonly number[] | null; readonly aliveBrokers: ReadonlySet<BrokerId> },
): { readonly topic: TopicState | undefined; readonly outcomes: readonly ElectionOutcome[] } {
  const asked = new Set(partitions ?? topic.partitions.map(({ partition }) => partition));
  const outcomes: ElectionOutcome[] = [];
  const after = topic.partitions.map((before) => {
    if (!asked.delete(before.partition)) return before;
    const minIsr = effectiveMinIsr(topic, before);
    const elected =
      type === 'preferred'
        ? preferredLeader(before, aliveBrokers, minIsr)
        : before.leader === null
          ? decideUncleanElection(before, aliveBrokers, minIsr)
          : undefined;
    const { leader } = elected ?? before;
    const error = elected === undefined ? whyNot(before, type) : undefined;
    outcomes.push({ topic: topic.topic, partition: before.partition, leader, error });
    return elected ?? before;
  });
  for (const partition of asked) {
    outcomes.push({ topic: topic.topic, partition, leader: null, error: 'UNKNOWN_TOPIC_OR_PARTITION' });
  }
  const isChanged = outcomes.some(({ error }) => error === undefined);
  return { topic: isChanged ? { ...topic, partitions: after } : undefined, outcomes };
}

function whyNot({ leader, replicas }: PartitionState, type: ElectionType): ErrorCode {
  if (type === 'unclean') return leader === null ? 'ELIGIBLE_LEADERS_NOT_AVAILABLE' : 'ELECTION_NOT_NEEDED';
  return leader === replicas[0] ? 'ELECTION_NOT_NEEDED' : 'PREFERRED_LEADER_NOT_AVAILABLE';
}
