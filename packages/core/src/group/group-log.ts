/**
 * How groups stand in the log of `__consumer_offsets`: one record a change, by key, so that the newest of a key counts.
 *
 * A broker that begins to coordinate reads the log and has the groups as they were: epochs, members, owners, offsets. A snapshot bounds what it must read:
 * it says how everything stood when the log ended at `asOf`, and records from there on count above it. Once it is on all in-sync replicas, the log may begin
 * at `asOf`.
 */
import type { ConsumedMessage, Message } from '../record/messages.js';
import type { GroupMember, Ownership } from './group.js';

export interface GroupRecord {
  readonly groupId: string;
  readonly version: string;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
  /** The same, of when members made the group. */
  readonly createdEpoch: number;
  readonly members: readonly GroupMember[];
  readonly owned: readonly Ownership[];
}

export interface OffsetRecord {
  readonly groupId: string;
  readonly partitionId: number;
  /** A decimal string. */
  readonly offset: string;
  readonly leaderEpoch: number;
  readonly metadata: string | null;
  /** Milliseconds since 1970. */
  readonly committedAt: number;
  /** As commit_offsets_v1 takes it: null where the commit follows a claim, and the epoch stays. */
  readonly resetEpoch: number | null;
}

/** Everything that one partition of `__consumer_offsets` says. */
export interface GroupLogContent {
  readonly groups: readonly GroupRecord[];
  readonly offsets: readonly OffsetRecord[];
}

type Key =
  readonly ['group', string] | readonly ['offset', string, number] | readonly ['snapshot', string, number, number];

export function groupMessage(group: GroupRecord): Message {
  return message(['group', group.groupId], group);
}

/** The group is gone, with all its offsets. */
export function groupGoneMessage(groupId: string): Message {
  return message(['group', groupId], null);
}

export function offsetMessage(offset: OffsetRecord): Message {
  return message(['offset', offset.groupId, offset.partitionId], offset);
}

/** A snapshot in parts of at most `entriesPerPart`; it counts only when all of them are there. */
export function snapshotMessages(content: GroupLogContent, asOf: bigint, entriesPerPart: number): Message[] {
  const entries = [...content.groups.map(groupMessage), ...content.offsets.map(offsetMessage)].map(({ key, value }) => [
    String(key),
    String(value),
  ]);
  const parts = Math.max(1, Math.ceil(entries.length / entriesPerPart));
  return Array.from({ length: parts }, (_, part) =>
    message(['snapshot', String(asOf), part, parts], entries.slice(part * entriesPerPart, (part + 1) * entriesPerPart)),
  );
}

/** What a log's records, in their order, come to. */
export function readGroupLog(records: readonly Pick<ConsumedMessage, 'key' | 'value' | 'offset'>[]): GroupLogContent {
  const { asOf, entries } = newestSnapshot(records);
  const state = new GroupLogState();
  for (const [key, value] of entries) state.apply(key, value);
  for (const { key, value, offset } of records) {
    if (key !== null && BigInt(offset) >= asOf) state.apply(String(key), value === null ? null : String(value));
  }
  return state.content();
}

class GroupLogState {
  readonly #groups = new Map<string, GroupRecord>();
  readonly #offsets = new Map<string, Map<number, OffsetRecord>>();

  apply(keyText: string, value: string | null): void {
    const key = JSON.parse(keyText) as Key;
    if (key[0] === 'group') {
      this.#groups.delete(key[1]);
      if (value === null) this.#offsets.delete(key[1]);
      else this.#groups.set(key[1], JSON.parse(value) as GroupRecord);
    } else if (key[0] === 'offset' && value !== null) {
      const offsets = this.#offsets.get(key[1]) ?? new Map<number, OffsetRecord>();
      const record = JSON.parse(value) as OffsetRecord;
      const resetEpoch = resetEpochAfter(offsets.get(key[2])?.resetEpoch ?? 0, record.resetEpoch);
      this.#offsets.set(key[1], offsets.set(key[2], { ...record, resetEpoch }));
    }
  }

  /** A group that was only ever committed to from outside has no record of its own; it stands for one without members. */
  content(): GroupLogContent {
    const offsets = [...this.#offsets.values()].flatMap((each) => [...each.values()]);
    const bare = [...this.#offsets.keys()]
      .filter((groupId) => !this.#groups.has(groupId))
      .map(groupWithoutMembers(offsets));
    return { groups: [...this.#groups.values(), ...bare], offsets };
  }
}

function groupWithoutMembers(offsets: readonly OffsetRecord[]): (groupId: string) => GroupRecord {
  return (groupId) => {
    const committed = offsets.filter((each) => each.groupId === groupId).map(({ committedAt }) => committedAt);
    return {
      groupId,
      version: '1',
      groupEpoch: 0,
      assignmentEpoch: 0,
      changedAt: Math.max(...committed),
      createdEpoch: 0,
      members: [],
      owned: [],
    };
  };
}

/** As commit_offsets_v1 raises it. */
function resetEpochAfter(stored: number, committed: number | null): number {
  return committed === null ? stored : Math.max(stored + 1, committed);
}

/** The complete snapshot that is newest by what it describes; without any, nothing as of the beginning. */
function newestSnapshot(records: readonly Pick<ConsumedMessage, 'key' | 'value'>[]): {
  readonly asOf: bigint;
  readonly entries: readonly (readonly [string, string])[];
} {
  const found = new Map<string, { parts: number; entries: Map<number, readonly (readonly [string, string])[]> }>();
  for (const { key, value } of records) {
    if (key === null || value === null) continue;
    const [kind, asOf, part, parts] = JSON.parse(String(key)) as Key;
    if (kind !== 'snapshot') continue;
    const snapshot = found.get(asOf) ?? { parts: Number(parts), entries: new Map() };
    found.set(asOf, snapshot);
    snapshot.entries.set(Number(part), JSON.parse(String(value)) as [string, string][]);
  }
  let newest = { asOf: 0n, entries: [] as readonly (readonly [string, string])[] };
  for (const [asOf, { parts, entries }] of found) {
    if (entries.size === parts && BigInt(asOf) >= newest.asOf)
      newest = { asOf: BigInt(asOf), entries: [...entries.values()].flat() };
  }
  return newest;
}

function message(key: Key, value: unknown): Message {
  return { key: JSON.stringify(key), value: value === null ? null : JSON.stringify(value) };
}
