import { PostlogError } from '../errors/postlog-error.js';
import { MOST_BYTES, MOST_CHANGES, type MetadataChange } from './metadata-store.js';

/** Printable ASCII, as every store orders and keeps it alike. */
const NAME = /^[\x21-\x7e]{1,500}$/;

/** Refuses, before anything is sent, changes that some store would not take. */
export function checkChanges(changes: readonly MetadataChange[]): void {
  if (changes.length > MOST_CHANGES) {
    refuse(`${changes.length} changes are too many for one commit; split them, at most ${MOST_CHANGES} each.`);
  }
  const keys = new Set<string>();
  for (const { key } of changes) {
    checkName(key);
    if (keys.has(key)) refuse(`key ${key} is changed twice in one commit; change it once.`);
    keys.add(key);
  }
  const size = changes.reduce((sum, change) => sum + sizeOf(change), 0);
  if (size > MOST_BYTES) {
    throw new PostlogError(
      'MESSAGE_TOO_LARGE',
      `a commit of ${size} bytes of metadata is too large; ${MOST_BYTES} are the most: use fewer partitions a topic, or split the changes.`,
    );
  }
}

/** Refuses a key or a lease's name that some store would not take. */
export function checkName(name: string): void {
  if (!NAME.test(name)) {
    refuse(`"${name.slice(0, 80)}" is no name for metadata; use 1 to 500 printable ASCII characters without spaces.`);
  }
}

/** Bytes that a change takes in a request. */
export function sizeOf({ key, value }: MetadataChange): number {
  return key.length + (typeof value === 'string' ? Buffer.byteLength(value) : 0);
}

function refuse(detail: string): never {
  throw new PostlogError('INVALID_REQUEST', detail);
}
