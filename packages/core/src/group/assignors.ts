/** A partition that can be assigned, by its number in the broker. */
export interface AssignablePartition {
  readonly partitionId: number;
  readonly topic: string;
  readonly partition: number;
}

export interface AssignableMember {
  readonly memberId: string;
  readonly topics: readonly string[];
  /** What it has, what it should keep longest first. */
  readonly current: readonly number[];
}

/**
 * Answers what each member shall own: every partition at most one owner, only members that subscribe to its topic.
 * The same input must give the same answer in every process.
 */
export type Assignor = (
  members: readonly AssignableMember[],
  partitions: readonly AssignablePartition[],
) => Map<string, number[]>;

/** Each topic by itself: neighbouring partitions to one member, so that topics of one key meet in one member. */
export const rangeAssignor: Assignor = (members, partitions) => {
  const shares = emptyShares(members);
  for (const [topic, ids] of byTopic(partitions)) {
    const subscribed = membersInOrder(members).filter(({ topics }) => topics.includes(topic));
    if (subscribed.length === 0) continue;
    const [least, surplus] = [Math.floor(ids.length / subscribed.length), ids.length % subscribed.length];
    let next = 0;
    subscribed.forEach(({ memberId }, place) => {
      const count = least + (place < surplus ? 1 : 0);
      shares.get(memberId)!.push(...ids.slice(next, next + count));
      next += count;
    });
  }
  return shares;
};

/** One after the other, over all topics: the next partition to the next member that subscribes to its topic. */
export const roundRobinAssignor: Assignor = (members, partitions) => {
  const shares = emptyShares(members);
  const ring = membersInOrder(members);
  let next = 0;
  for (const [topic, ids] of byTopic(partitions)) {
    if (!ring.some(({ topics }) => topics.includes(topic))) continue;
    for (const partitionId of ids) {
      while (!ring[next % ring.length]!.topics.includes(topic)) next++;
      shares.get(ring[next++ % ring.length]!.memberId)!.push(partitionId);
    }
  }
  return shares;
};

/** Members in one order for everybody. */
export function membersInOrder(members: readonly AssignableMember[]): AssignableMember[] {
  return [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
}

/** Topics by name, and the partitions of each by number. */
export function byTopic(partitions: readonly AssignablePartition[]): Map<string, number[]> {
  const topics = new Map<string, number[]>();
  const sorted = [...partitions].sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
  );
  for (const { topic, partitionId } of sorted) {
    const ids = topics.get(topic);
    if (ids === undefined) topics.set(topic, [partitionId]);
    else ids.push(partitionId);
  }
  return topics;
}

function emptyShares(members: readonly AssignableMember[]): Map<string, number[]> {
  return new Map(members.map(({ memberId }) => [memberId, []]));
}
