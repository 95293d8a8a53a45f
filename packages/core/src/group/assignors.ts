/** A partition that can be assigned, by its number in the broker. */
export interface AssignablePartition {
  readonly partitionId: number;
  readonly topic: string;
}

export interface AssignableMember {
  readonly memberId: string;
  readonly topics: readonly string[];
  /** What it owns or was to own before. */
  readonly current: readonly number[];
}

/** Answers what each member shall own: every partition at most one owner, only members that subscribe to its topic. */
export type Assignor = (
  members: readonly AssignableMember[],
  partitions: readonly AssignablePartition[],
) => Map<string, number[]>;

interface Share {
  readonly memberId: string;
  readonly topics: ReadonlySet<string>;
  readonly owned: Set<number>;
}

/**
 * Balanced and sticky: everybody keeps what it has as far as balance allows, what has no owner goes to the member with
 * least, then single partitions move from the fullest to the emptiest member that may have them, until they differ by one
 * at most. Each move is needed for balance, so as few as possible move. The same input gives the same answer.
 */
export const uniformAssignor: Assignor = (members, partitions) => {
  const shares = [...members]
    .sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
    .map(({ memberId, topics }): Share => ({ memberId, topics: new Set(topics), owned: new Set() }));
  const topicOf = new Map(partitions.map(({ partitionId, topic }) => [partitionId, topic]));
  const ownerOf = keepCurrent(shares, members, topicOf);

  for (const partitionId of [...topicOf.keys()].sort((a, b) => a - b)) {
    if (ownerOf.has(partitionId)) continue;
    const least = emptiest(shares, topicOf.get(partitionId)!);
    if (least !== undefined) least.owned.add(partitionId);
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
  const currentOf = new Map(members.map(({ memberId, current }) => [memberId, current]));
  for (const share of shares) {
    for (const partitionId of currentOf.get(share.memberId) ?? []) {
      const topic = topicOf.get(partitionId);
      if (topic === undefined || taken.has(partitionId) || !share.topics.has(topic)) continue;
      share.owned.add(partitionId);
      taken.add(partitionId);
    }
  }
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
  for (const giver of fullestFirst) {
    // The newest first: what a member has had longest stays.
    for (const partitionId of [...giver.owned].reverse()) {
      const taker = emptiest(shares, topicOf.get(partitionId)!);
      if (taker === undefined || giver.owned.size - taker.owned.size < 2) continue;
      giver.owned.delete(partitionId);
      taker.owned.add(partitionId);
      return true;
    }
  }
  return false;
}
