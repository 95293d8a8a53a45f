import { PostlogError } from '../errors/postlog-error.js';

/**
 * What goes to and comes from etcd's JSON gateway: bytes are base64, 64-bit integers are text, and what is zero, false or
 * empty is left out.
 */
export interface EtcdEntry {
  readonly key: string;
  readonly value: string;
  /** Revision of the write that made this value. */
  readonly modRevision: string;
  /** The lease that the key is attached to; `0` if none. */
  readonly lease: string;
}

export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

/** Every key that begins with the prefix, which is ASCII. */
export function rangeOf(prefix: string): { readonly key: string; readonly range_end: string } {
  const last = prefix.charCodeAt(prefix.length - 1);
  return { key: toBytes(prefix), range_end: toBytes(prefix.slice(0, -1) + String.fromCharCode(last + 1)) };
}

/** The key's value was made at this revision, which is `0` when there is no such key. */
export function isAtRevision(key: string, revision: bigint | string): object {
  return { key: toBytes(key), target: 'MOD', result: 'EQUAL', mod_revision: String(revision) };
}

export function hasValue(key: string, value: string): object {
  return { key: toBytes(key), target: 'VALUE', result: 'EQUAL', value: toBytes(value) };
}

export function put(key: string, value: string, lease = '0'): object {
  return { request_put: { key: toBytes(key), value: toBytes(value), lease } };
}

export function remove(key: string): object {
  return { request_delete_range: { key: toBytes(key) } };
}

export function get(key: string): object {
  return { request_range: { key: toBytes(key) } };
}

/** The store's revision when it answered. */
export function readRevision(answer: unknown): bigint {
  return BigInt(textOf(field(answer, 'header'), 'revision'));
}

export function readSucceeded(answer: unknown): boolean {
  return field(answer, 'succeeded') === true;
}

/** What a range, alone or in a transaction, found. */
export function readEntries(answer: unknown): EtcdEntry[] {
  return listOf(answer, 'kvs').map((entry) => ({
    key: fromBytes(textOf(entry, 'key')),
    value: fromBytes(textOf(entry, 'value', '')),
    modRevision: textOf(entry, 'mod_revision'),
    lease: textOf(entry, 'lease', '0'),
  }));
}

/** The first entry that each range of a transaction found. */
export function readGets(answer: unknown): (EtcdEntry | undefined)[] {
  return listOf(answer, 'responses').map((response) => readEntries(field(response, 'response_range'))[0]);
}

export function readLeaseId(answer: unknown): string {
  return textOf(answer, 'ID');
}

/** Whether a lease lives, by the answer to its renewal. */
export function readIsAlive(answer: unknown): boolean {
  return Number(textOf(field(answer, 'result'), 'TTL', '0')) > 0;
}

/** A field of what should be an object; undefined when it is none, or has none. */
export function field(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null
    ? Object.entries(from).find(([key]) => key === name)?.[1]
    : undefined;
}

function textOf(from: unknown, name: string, missing?: string): string {
  const value = field(from, name) ?? missing;
  if (typeof value === 'string') return value;
  throw unreadable(`${name} is no text`);
}

function listOf(from: unknown, name: string): unknown[] {
  const value = field(from, name) ?? [];
  if (Array.isArray(value)) return value;
  throw unreadable(`${name} is no list`);
}

function fromBytes(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

function unreadable(what: string): PostlogError {
  return new PostlogError(
    'NETWORK_EXCEPTION',
    `the metadata store's answer is not one of etcd's JSON gateway (${what}); check the endpoints, they must be etcd 3.4 or newer.`,
    { outcome: 'unknown' },
  );
}
