import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import { offset, type Offset } from '../record/offset.js';
import type { AssignablePartition } from './assignors.js';
import type { GroupChange } from './group-change.js';
import type { JournalEntry } from './group-journal.js';
import { demandCoordinator, logEndOf, type GroupLogPlace } from './group-log-place.js';
import type { Group, GroupMember, Ownership } from './group.js';

/** A group as one snapshot shows it, and what a decision needs beside it. */
export interface GroupReading {
  /** 0 when the group does not exist. */
  readonly version: bigint;
  readonly metadataVersion: bigint;
  /** `metadataVersion` when the target was computed. */
  readonly assignedForMetadata: bigint;
  readonly group: Group;
  /** When members made the group, in milliseconds; 0 when it does not exist. */
  readonly createdEpoch: number;
  /** Members whose session ran out. */
  readonly silent: ReadonlySet<string>;
  /** Members who did not give up in time what they were asked for. */
  readonly late: ReadonlySet<string>;
  /** Every partition of a subscribed topic, and every owned one. */
  readonly places: ReadonlyMap<number, AssignablePartition>;
  /** Partitions of the topics that members and the reporter subscribe to; of all topics when one of them has a pattern. */
  readonly partitions: readonly AssignablePartition[];
  readonly positions: ReadonlyMap<number, Position>;
  /** What was read may be told once the group's log is on all in-sync replicas up to there; undefined where there is no log. */
  readonly logEnd: Offset | undefined;
}

/** Where the group goes on in a partition. */
interface Position {
  /** Null until the group commits for the first time. */
  readonly committedOffset: Offset | null;
  /** Of the last record before it; -1 when unknown. */
  readonly leaderEpoch: number;
  /** Compared with a claim's: whichever is newer says where to go on. */
  readonly resetEpoch: number;
}

interface WrittenDocument {
  readonly error?: number;
  readonly claimed?: PositionDocument[];
  readonly logEnd?: string | null;
}

interface PositionDocument {
  readonly partitionId: number;
  readonly committedOffset: string | null;
  readonly leaderEpoch: number;
  readonly resetEpoch: number;
}

interface ReadingDocument {
  readonly log: { readonly error: number; readonly logEnd: string | null } | null;
  readonly metadataVersion: string;
  readonly group: {
    readonly version: string;
    readonly groupEpoch: number;
    readonly assignmentEpoch: number;
    readonly metadataVersion: string;
    readonly createdEpoch: number;
  } | null;
  readonly members: (GroupMember & { readonly isSilent: boolean; readonly isLate: boolean })[];
  readonly owned: (Ownership & AssignablePartition & PositionDocument)[];
  readonly partitions: AssignablePartition[];
}

const READ_GROUP: Statement = {
  name: 'read_group',
  text: /* sql */ `select postlog.read_group_v1($1, $2, $3, $4, $5) as reading`,
};

const WRITE_GROUP: Statement = {
  name: 'write_group',
  text: /* sql */ `
    select postlog.write_group_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) as written`,
};

const NOTHING_MORE = { topics: [], topicPattern: null };

export async function readGroup(
  database: Database,
  groupId: string,
  more: { readonly topics: readonly string[]; readonly topicPattern: string | null } = NOTHING_MORE,
  log?: GroupLogPlace,
): Promise<GroupReading> {
  const { reading } = await database.one<{ reading: ReadingDocument }>(READ_GROUP, [
    groupId,
    more.topics,
    more.topicPattern !== null,
    log?.partitionId ?? null,
    log?.leaderEpoch ?? null,
  ]);
  demandCoordinator(groupId, reading.log?.error ?? 0);
  const { group, members, owned, partitions } = reading;
  const idsWhere = (isSo: (member: ReadingDocument['members'][number]) => boolean) =>
    new Set(members.filter(isSo).map(({ memberId }) => memberId));
  return {
    version: BigInt(group?.version ?? 0),
    metadataVersion: BigInt(reading.metadataVersion),
    assignedForMetadata: BigInt(group?.metadataVersion ?? 0),
    group: { groupEpoch: group?.groupEpoch ?? 0, assignmentEpoch: group?.assignmentEpoch ?? 0, members, owned },
    createdEpoch: group?.createdEpoch ?? 0,
    silent: idsWhere(({ isSilent }) => isSilent),
    late: idsWhere(({ isLate }) => isLate),
    places: new Map([...owned, ...partitions].map((place) => [place.partitionId, place])),
    partitions,
    positions: positionsOf(owned),
    logEnd: logEndOf(reading.log?.logEnd),
  };
}

export interface GroupWrite {
  readonly groupId: string;
  readonly expectedVersion: bigint;
  readonly metadataVersion: bigint;
  readonly createdEpoch: number;
  readonly group: Group;
  readonly change: GroupChange;
  /** Who was removed for silence: refused if one of them is not silent any more. */
  readonly silent: ReadonlySet<string>;
  /** Who is being answered, and is alive therefore unless it was removed; null when nobody reports. */
  readonly reporter: string | null;
  /** Where the group is logged, with its state after this write; undefined where there is no log. */
  readonly log: JournalEntry | undefined;
}

export interface GroupWritten {
  /** Where claimed partitions go on. */
  readonly claimed: ReadonlyMap<number, Position>;
  readonly logEnd: Offset | undefined;
}

/** Compare-and-set; undefined when somebody else was faster. @throws PostlogError when this broker does not coordinate the group. */
export async function writeGroup(database: Database, write: GroupWrite): Promise<GroupWritten | undefined> {
  const { group, change } = write;
  const { changedMembers, removedMembers, ownership } = change;
  const { written } = await database.one<{ written: WrittenDocument | null }>(WRITE_GROUP, [
    write.groupId,
    write.expectedVersion,
    group.groupEpoch,
    group.assignmentEpoch,
    write.metadataVersion,
    write.createdEpoch,
    JSON.stringify(changedMembers),
    removedMembers,
    removedMembers.filter((memberId) => write.silent.has(memberId) && memberId !== write.reporter),
    write.reporter,
    ownership.map(({ partitionId }) => partitionId),
    ownership.map(({ oldOwner }) => oldOwner),
    ownership.map(({ newOwner }) => newOwner),
    ownership.map(({ newOwnerEpoch }) => newOwnerEpoch),
    write.log?.place.partitionId ?? null,
    write.log?.place.leaderEpoch ?? null,
    write.log?.batch ?? null,
  ]);
  if (written === null) return undefined;
  demandCoordinator(write.groupId, written.error ?? 0);
  return { claimed: positionsOf(written.claimed ?? []), logEnd: logEndOf(written.logEnd) };
}

function positionsOf(documents: readonly PositionDocument[]): Map<number, Position> {
  return new Map(
    documents.map(({ partitionId, committedOffset, leaderEpoch, resetEpoch }) => [
      partitionId,
      { committedOffset: committedOffset === null ? null : offset(BigInt(committedOffset)), leaderEpoch, resetEpoch },
    ]),
  );
}
