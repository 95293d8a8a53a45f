import { PostlogError } from '../errors/postlog-error.js';
import type { CommittedOffset } from '../group/committed-offsets.store.js';
import type { Coordinator } from '../group/group-coordinator.js';
import type { DescribedMember } from '../group/group-description.js';
import type { LogEnds } from '../log/log.store.js';
import { checkPartition } from '../record/check-topic.js';
import { offset, parseOffset, type Offset } from '../record/offset.js';
import { checkGroupId, checkTopicName } from '../record/topic-name.js';
import type { TopicPartition } from '../record/topic-partition.js';
import { checkBoolean, checkInteger, checkOptions, invalid } from './check-options.js';
import type { Cluster, PartitionPlace } from './cluster.js';
import { lagOf } from './committed-lag.js';
import type {
  GroupAdmin,
  GroupDescription,
  GroupTopicOffsets,
  ListedGroup,
  MemberDescription,
  OwnedPartitions,
  ResetOffsets,
  ResetPartition,
} from './group-admin-types.js';
import { GroupLink } from './group-link.js';
import { demandLogEnds, latestOffset, logEndsOf } from './log-ends.js';
import type { MetadataCache } from './metadata-cache.js';
import { offsetAtTime } from './start-position.js';

const RESET_OPTIONS = ['groupId', 'topic', 'partitions', 'earliest', 'offset', 'timestamp', 'shiftBy', 'validateOnly'];
const LARGEST = Number.MAX_SAFE_INTEGER;
const NO_EPOCH = -1;
/** How long to wait for a group's coordinator. */
const PATIENCE_MS = 10_000;

/** A partition whose offset is to be set. */
interface Place extends PartitionPlace {
  readonly ends: LogEnds;
  readonly committed: Offset | null;
}

/** @see GroupAdmin */
export class LogGroupAdmin implements GroupAdmin {
  readonly #cluster: Cluster;
  readonly #metadata: MetadataCache;

  constructor(cluster: Cluster, metadata: MetadataCache) {
    this.#cluster = cluster;
    this.#metadata = metadata;
  }

  async listGroups(): Promise<{ groups: ListedGroup[] }> {
    const seats = await this.#cluster.coordinators();
    const listed = seats.map(async ({ brokerId, coordinator }) => {
      // A broker keeps what it knew of groups that others coordinate now.
      const isOurs = ({ groupId }: { readonly groupId: string }) =>
        this.#cluster.knownCoordinator(groupId)?.brokerId === brokerId;
      return (await coordinator.listGroups()).filter(isOurs);
    });
    const groups = (await Promise.all(listed)).flat();
    groups.sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
    return { groups: groups.map((group) => ({ ...group, protocolType: 'consumer' })) };
  }

  async describeGroups(groupIds: readonly string[]): Promise<{ groups: GroupDescription[] }> {
    const groups = await Promise.all(
      checkGroupIds(groupIds, 'describeGroups()').map((groupId) =>
        this.#coordinated(groupId, (coordinator) => coordinator.describeGroup(groupId)),
      ),
    );
    return {
      groups: groups.map(({ members, assignor, ...group }) => ({
        ...group,
        protocolType: 'consumer',
        protocol: assignor,
        members: members.map(describeMember),
      })),
    };
  }

  async fetchOffsets(options: {
    readonly groupId: string;
    readonly topics?: readonly string[];
  }): Promise<GroupTopicOffsets[]> {
    const { groupId, topics } = checkOptions(options, ['groupId', 'topics'], 'fetchOffsets()');
    const names = topics?.map(checkTopicName) ?? null;
    const committed = await this.#committed(checkGroupId(groupId), null);
    const described = await this.#cluster.topics.describe(names);
    const wanted = described
      .flatMap(({ partitions }) => partitions)
      .filter(({ partitionId }) => names !== null || committed.has(partitionId));
    const ends = await logEndsOf(this.#cluster, wanted);
    const byTopic = new Map<string, GroupTopicOffsets['partitions'][number][]>();
    for (const { topic, partition, partitionId } of wanted) {
      const known = committed.get(partitionId);
      const list = byTopic.get(topic) ?? [];
      byTopic.set(topic, list);
      list.push({
        partition,
        offset: String(known?.committedOffset ?? -1n),
        metadata: known?.metadata ?? null,
        lag: lagOf(known, ends.get(partitionId)),
      });
    }
    return [...byTopic].map(([topic, partitions]) => ({ topic, partitions }));
  }

  async resetOffsets(options: ResetOffsets): Promise<ResetPartition[]> {
    const checked = checkOptions(options, RESET_OPTIONS, 'resetOffsets()');
    const target = checkTarget(checked);
    const { groupId, topic, partitions } = checked;
    const places = await this.#places(
      checkGroupId(groupId),
      topic,
      partitions?.map((each) => checkPartition(each)),
    );
    const moves = await Promise.all(places.map(async (place) => ({ place, to: await this.#resolve(place, target) })));
    if (!checkBoolean(checked.validateOnly, 'validateOnly', false)) await this.#commit(groupId, moves);
    return moves.map(({ place, to }) => ({
      partition: place.partition,
      offset: String(to),
      previousOffset: String(place.committed ?? -1n),
    }));
  }

  async setOffsets(options: {
    readonly groupId: string;
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
  }): Promise<void> {
    const { groupId, topic, partitions } = checkOptions(options, ['groupId', 'topic', 'partitions'], 'setOffsets()');
    if (!Array.isArray(partitions)) throw invalid('setOffsets() takes partitions: an array of { partition, offset }');
    const given = partitions as readonly { readonly partition: number; readonly offset: string }[];
    const wanted = given.map((each) => checkPartition(each.partition));
    const places = await this.#places(checkGroupId(groupId), topic, wanted);
    const moves = places.map((place, index) => ({ place, to: within(place, parseOffset(given[index]!.offset)) }));
    await this.#commit(groupId, moves);
  }

  async deleteGroups(groupIds: readonly string[]): Promise<void> {
    for (const groupId of checkGroupIds(groupIds, 'deleteGroups()'))
      await this.#coordinated(groupId, (coordinator) => coordinator.deleteGroup(groupId));
  }

  async #places(groupId: string, topicName: unknown, partitions: readonly number[] | undefined): Promise<Place[]> {
    const topic = checkTopicName(topicName);
    this.#metadata.forget(topic);
    const metadata = await this.#metadata.get(topic);
    const stored = (partitions ?? metadata.partitions.map(({ partition }) => partition)).map(
      (partition): PartitionPlace => {
        const found = metadata.partitions[partition];
        if (found !== undefined) return found;
        throw new PostlogError('UNKNOWN_TOPIC_OR_PARTITION', `${topic} has no partition ${partition}.`);
      },
    );
    const ends = await demandLogEnds(this.#cluster, stored);
    const committed = await this.#committed(
      groupId,
      stored.map(({ partitionId }) => partitionId),
    );
    return stored.map(({ partition, partitionId }) => ({
      topic,
      partition,
      partitionId,
      ends: ends.get(partitionId)!,
      committed: committed.get(partitionId)?.committedOffset ?? null,
    }));
  }

  async #committed(
    groupId: string,
    partitionIds: readonly number[] | null,
  ): Promise<ReadonlyMap<number, CommittedOffset>> {
    const rows = await this.#coordinated(groupId, (coordinator) => coordinator.fetchOffsets(groupId, partitionIds));
    return new Map(rows.map((row) => [row.partitionId, row]));
  }

  #coordinated<T>(groupId: string, work: (coordinator: Coordinator) => Promise<T>): Promise<T> {
    const link = new GroupLink({ cluster: this.#cluster, groupId });
    return link.callPatiently(work, { patienceMs: PATIENCE_MS, isRepeatHarmless: false });
  }

  async #resolve(place: Place, target: ResetTarget): Promise<Offset> {
    const { logStartOffset, highWatermark } = place.ends;
    switch (target.kind) {
      case 'earliest':
        return logStartOffset;
      case 'latest':
        return latestOffset(place, place.ends);
      case 'offset':
        return within(place, target.offset);
      case 'timestamp': {
        const found = await offsetAtTime(this.#cluster, place, logStartOffset, target.timestamp);
        return found ?? latestOffset(place, place.ends);
      }
      case 'shiftBy': {
        const to = (place.committed ?? logStartOffset) + BigInt(target.records);
        return to < logStartOffset ? logStartOffset : to > highWatermark ? highWatermark : offset(to);
      }
    }
  }

  /** Commits from outside the group, which it takes while it has no members. */
  async #commit(groupId: string, moves: readonly { readonly place: Place; readonly to: Offset }[]): Promise<void> {
    const offsets = moves.map(({ place, to }) => ({
      partitionId: place.partitionId,
      ownerEpoch: NO_EPOCH,
      offset: to,
      leaderEpoch: -1,
      metadata: null,
      mayGoBack: true,
      resetEpoch: this.#cluster.clock.now(),
    }));
    const refused = await this.#coordinated(groupId, (coordinator) =>
      coordinator.commitOffsets(groupId, null, offsets),
    );
    const [code] = refused.values();
    if (code === 'UNKNOWN_MEMBER_ID') {
      throw new PostlogError(
        'NON_EMPTY_GROUP',
        `group ${groupId} has members; stop its consumers first (static ones count until their session is over).`,
      );
    }
    if (code !== undefined) throw new PostlogError(code, `offsets of group ${groupId} could not be set.`);
  }
}

type ResetTarget =
  | { readonly kind: 'earliest' | 'latest' }
  | { readonly kind: 'offset'; readonly offset: Offset }
  | { readonly kind: 'timestamp'; readonly timestamp: number }
  | { readonly kind: 'shiftBy'; readonly records: number };

function checkTarget({ earliest, offset: to, timestamp, shiftBy }: ResetOffsets): ResetTarget {
  const given = [earliest, to, timestamp, shiftBy].filter((each) => each !== undefined);
  if (given.length > 1) throw invalid('resetOffsets() takes one of earliest, offset, timestamp, shiftBy');
  if (to !== undefined) return { kind: 'offset', offset: parseOffset(to) };
  if (timestamp !== undefined) {
    const checked = checkInteger(timestamp, 'timestamp', { min: 0, max: LARGEST, fallback: 0 });
    return { kind: 'timestamp', timestamp: checked };
  }
  if (shiftBy !== undefined) {
    const checked = checkInteger(shiftBy, 'shiftBy', { min: -LARGEST, max: LARGEST, fallback: 0 });
    return { kind: 'shiftBy', records: checked };
  }
  return { kind: checkBoolean(earliest, 'earliest', false) ? 'earliest' : 'latest' };
}

function within({ topic, partition, ends }: Place, to: Offset): Offset {
  if (to >= ends.logStartOffset && to <= ends.highWatermark) return to;
  throw new PostlogError(
    'OFFSET_OUT_OF_RANGE',
    `${topic}-${partition} goes from ${ends.logStartOffset} to ${ends.highWatermark}, not to ${to}; give an offset in between.`,
  );
}

function checkGroupIds(groupIds: unknown, what: string): string[] {
  if (!Array.isArray(groupIds)) throw invalid(`${what} takes an array of group ids`);
  return (groupIds as readonly unknown[]).map(checkGroupId);
}

function describeMember({ host, owned, awaited, ...member }: DescribedMember): MemberDescription {
  return { ...member, clientHost: host, owned: byTopic(owned), awaited: byTopic(awaited) };
}

function byTopic(partitions: readonly TopicPartition[]): OwnedPartitions[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return [...topics].map(([topic, numbers]) => ({ topic, partitions: numbers.sort((a, b) => a - b) }));
}
