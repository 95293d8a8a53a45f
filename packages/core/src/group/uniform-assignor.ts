import { byTopic, membersInOrder, type AssignableMember, type Assignor } from './assignors.js';

interface Share {
  readonly memberId: string;
  readonly topics: ReadonlySet<string>;
  /** In the order in which it would keep them. */
  readonly owned: Set<number>;
}

/**
 * Balanced and sticky: everybody keeps what it has as far as balance allows, what has no owner goes to the member with
 * least, then single partitions move from the fullest to the emptiest member that may have them, until they differ by one
 * at most. Each move is needed for balance, so as few as possible move. The same input gives the same answer.
 */
export const uniformAssignor: Assignor = (members, partitions) => {
  const ordered = membersInOrder(members);
  const shares = ordered.map(({ memberId, topics }): Share => ({
    memberId,
    topics: new Set(topics),
    owned: new Set(),
  }));
  const topics = byTopic(partitions);
  const topicOf = new Map([...topics].flatMap(([topic, ids]) => ids.map((id) => [id, topic] as const)));
  const taken = keepCurrent(shares, ordered, topicOf);
  for (const [topic, ids] of topics) {
    for (const partitionId of ids) if (!taken.has(partitionId)) emptiest(shares, topic)?.owned.add(partitionId);
  }
  while (moveOne(shares, topicOf));
  return new Map(shares.map(({ memberId, owned }) => [memberId, [...owned].sort((a, b) => a - b)]));
};

function keepCurrent(
  shares: readonly Share[],
  members: readonly AssignableMember[],
  topicOf: ReadonlyMap<number, string>,
): Set<number> {
  const taken = new Set<number>();
  members.forEach(({ current }, place) => {
    const share = shares[place]!;
    for (const partitionId of current) {
      const topic = topicOf.get(partitionId);
      if (topic === undefined || taken.has(partitionId) || !share.topics.has(topic)) continue;
      share.owned.add(partitionId);
      taken.add(partitionId);
    }
  });
  return taken;
}

function emptiest(shares: readonly Share[], topic: string): Share | undefined {
  let least: Share | undefined;
  for (const share of shares) {
    if (share.topics.has(topic) && (least === undefined || share.owned.size < least.owned.size)) least = share;
  }
  return least;
}

/** Moves one partition from a fuller to an emptier member, two or more apart; false when none is. */
function moveOne(shares: readonly Share[], topicOf: ReadonlyMap<number, string>): boolean {
  const fullestFirst = [...shares].sort((a, b) => b.owned.size - a.owned.size);
  const takers = new Map<string, Share>();
  for (const giver of fullestFirst) {
    for (const partitionId of [...giver.owned].reverse()) {
      const topic = topicOf.get(partitionId)!;
      const taker = takers.get(topic) ?? emptiest(shares, topic)!;
      takers.set(topic, taker);
      if (giver.owned.size - taker.owned.size < 2) continue;
      giver.owned.delete(partitionId);
      taker.owned.add(partitionId);
      return true;
    }
  }
  return false;
}
