import { offset, type Offset } from '../record/offset.js';

/** What a wake-up names: a partition, by its number; the outbox; delayed deliveries; or a group's key. */
type WakeUpKey = number | string;

/** Where a partition's high watermark is, by a commit of its leader under this epoch; it is there or beyond from then on. */
export interface HeardMark {
  readonly partitionId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: Offset;
}

export interface WakeUp {
  readonly sender: string;
  /** `'all'`: too much happened to name it. */
  readonly keys: readonly WakeUpKey[] | 'all';
  /** Of those partitions whose marks moved. */
  readonly marks: readonly HeardMark[];
}

/** Two channels, since a notification costs every process that hears it: what may be read now, and what followers have yet to copy. */
export function wakeUpChannel(schema: string): string {
  return `${schema}_wake_up`;
}

export function copyChannel(schema: string): string {
  return `${schema}_to_copy`;
}

/** Notifications are visible to every role of the database, so they hold numbers and hashes, never names. */
export function partitionKey(partitionId: number): string {
  return String(partitionId);
}

/** A transaction that published has ended. */
export const OUTBOX_KEY = 'o';
/** One that published may end soon, and nobody will tell. */
export const OUTBOX_EXPECTED_KEY = 'e';
/** A delivery is there that is due soon. */
export const DELAYED_KEY = 'd';
/** One may be committed soon that is due by then, and nobody will tell. */
export const DELAYED_EXPECTED_KEY = 'x';

/** FNV-1a over UTF-16 units: two groups of one hash wake each other for nothing, no more. */
export function groupKey(groupId: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < groupId.length; index++) {
    hash = Math.imul(hash ^ groupId.charCodeAt(index), 0x01000193) >>> 0;
  }
  return `g${hash.toString(16)}`;
}

/** Reads `sender:17,18/5/42,g811c9dc5`; what it cannot read wakes everyone, since a wake-up is only a hint. */
export function readWakeUp(payload: string): WakeUp {
  const [sender = '', names = '*'] = payload.split(':');
  if (names === '*') return { sender, keys: 'all', marks: [] };
  const keys: WakeUpKey[] = [];
  const marks: HeardMark[] = [];
  for (const name of names.split(',')) {
    const [, partitionId, leaderEpoch, highWatermark] = /^(\d+)(?:\/(\d+)\/(\d+))?$/.exec(name) ?? [];
    keys.push(partitionId === undefined ? name : Number(partitionId));
    if (highWatermark === undefined) continue;
    const mark = { partitionId: Number(partitionId), leaderEpoch: Number(leaderEpoch) };
    marks.push({ ...mark, highWatermark: offset(BigInt(highWatermark)) });
  }
  return { sender, keys, marks };
}
