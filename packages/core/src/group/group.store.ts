import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import type { Group, Member, Ownership } from './group-state.js';

/** A group as one snapshot shows it, and what a decision needs beside it. */
export interface GroupReading {
  /** 0 when the group does not exist. */
  readonly version: bigint;
  readonly metadataVersion: bigint;
  /** `metadataVersion` when the target was computed. */
  readonly assignedForMetadata: bigint;
  readonly group: Group;
  /** Members whose session ran out, or who were asked to give up partitions too long ago. */
  readonly lost: ReadonlySet<string>;
  readonly committedOffsets: ReadonlyMap<number, bigint | null>;
  readonly partitions: readonly { readonly partitionId: number; readonly topic: string; readonly partition: number }[];
}

/** What a cheap heartbeat learns. */
export interface Beat {
  readonly groupId: string;
  readonly memberId: string;
  readonly version: bigint;
  readonly metadataVersion: bigint;
  /** Somebody in the group is overdue: whoever sees it looks closer. */
  readonly hasOverdue: boolean;
}

const READ_GROUP: Statement = {
  name: 'read_group',
  text: /* sql */ `select postlog.read_group_v1($1, $2) as reading`,
};

const WRITE_GROUP: Statement = {
  name: 'write_group',
  text: /* sql */ `select postlog.write_group_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as is_written`,
};

/** Liveness may be lost in a crash, so its commit does not wait for the disk. */
const BEAT: Statement = {
  name: 'beat',
  text: /* sql */ `
    with quick as (
      select set_config('synchronous_commit', 'off', true)
    ), alive as (
      update postlog.group_liveness l
         set expires_at = clock_timestamp() + b.session_timeout_ms * interval '1 ms'
        from unnest($1::text[], $2::text[], $3::integer[]) b(group_id, member_id, session_timeout_ms), quick
       where l.group_id = b.group_id and l.member_id = b.member_id
      returning l.group_id, l.member_id
    )
    select a.group_id, a.member_id, g.version, v.version as metadata_version,
           exists (select from postlog.group_liveness o
                    where o.group_id = a.group_id and o.member_id <> a.member_id and o.expires_at <= clock_timestamp())
        or exists (select from postlog.group_member r
                    where r.group_id = a.group_id
                      and r.revoking_since < clock_timestamp() - r.rebalance_timeout_ms * interval '1 ms') as has_overdue
      from alive a
      join postlog.consumer_group g using (group_id)
      cross join postlog.metadata_version v`,
};

interface ReadingDocument {
  readonly metadataVersion: string;
  readonly group: { version: string; groupEpoch: number; assignmentEpoch: number; metadataVersion: string } | null;
  readonly members: (Member & { readonly isExpired: boolean; readonly revokingForMs: number | null })[];
  readonly owned: (Ownership & { readonly committedOffset: string | null })[];
  readonly partitions: { partitionId: number; topic: string; partition: number }[];
}

export async function readGroup(
  database: Database,
  groupId: string,
  moreTopics: readonly string[],
): Promise<GroupReading> {
  const { reading } = await database.one<{ reading: ReadingDocument }>(READ_GROUP, [groupId, moreTopics]);
  const overdue = reading.members.filter(
    ({ isExpired, revokingForMs, rebalanceTimeoutMs }) =>
      isExpired || (revokingForMs !== null && revokingForMs > rebalanceTimeoutMs),
  );
  return {
    version: BigInt(reading.group?.version ?? 0),
    metadataVersion: BigInt(reading.metadataVersion),
    assignedForMetadata: BigInt(reading.group?.metadataVersion ?? 0),
    group: {
      groupEpoch: reading.group?.groupEpoch ?? 0,
      assignmentEpoch: reading.group?.assignmentEpoch ?? 0,
      members: reading.members,
      owned: reading.owned,
    },
    lost: new Set(overdue.map(({ memberId }) => memberId)),
    committedOffsets: new Map(
      reading.owned.map(({ partitionId, committedOffset }) => [
        partitionId,
        committedOffset === null ? null : BigInt(committedOffset),
      ]),
    ),
    partitions: reading.partitions,
  };
}

export interface GroupWrite {
  readonly groupId: string;
  readonly expectedVersion: bigint;
  readonly metadataVersion: bigint;
  readonly group: Group;
  readonly revoking: ReadonlySet<string>;
  readonly aliveMemberId: string;
  /** Partitions whose owner changes; null for none. */
  readonly ownership: readonly {
    readonly partitionId: number;
    readonly owner: string | null;
    readonly ownerEpoch: number;
  }[];
}

/** Compare-and-set; false when somebody else was faster. */
export async function writeGroup(database: Database, write: GroupWrite): Promise<boolean> {
  const { group, ownership } = write;
  const members = group.members.map((member) => ({ ...member, isRevoking: write.revoking.has(member.memberId) }));
  const { is_written } = await database.one<{ is_written: boolean }>(WRITE_GROUP, [
    write.groupId,
    write.expectedVersion,
    group.groupEpoch,
    group.assignmentEpoch,
    write.metadataVersion,
    JSON.stringify(members),
    write.aliveMemberId,
    ownership.map(({ partitionId }) => partitionId),
    ownership.map(({ owner }) => owner),
    ownership.map(({ ownerEpoch }) => ownerEpoch),
  ]);
  return is_written;
}

/** One statement for all members of the process; members that the group does not know are left out. */
export async function beat(
  database: Database,
  members: readonly { readonly groupId: string; readonly memberId: string; readonly sessionTimeoutMs: number }[],
): Promise<Beat[]> {
  const rows = await database.query<{
    group_id: string;
    member_id: string;
    version: bigint;
    metadata_version: bigint;
    has_overdue: boolean;
  }>(BEAT, [members.map((m) => m.groupId), members.map((m) => m.memberId), members.map((m) => m.sessionTimeoutMs)]);
  return rows.map((row) => ({
    groupId: row.group_id,
    memberId: row.member_id,
    version: row.version,
    metadataVersion: row.metadata_version,
    hasOverdue: row.has_overdue,
  }));
}
