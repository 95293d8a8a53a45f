import type { CommittedOffset } from '../group/committed-offsets.store.js';
import type { LogEnds } from '../log/log.store.js';
import { PostlogError } from '../errors/postlog-error.js';

/** Lag as an operator sees it while a partition's leader cannot be asked. */
const UNKNOWN_LAG = '-1';

/** How many records a group has still to read; one that never committed has all of them to read. */
export function lagOf(committed: CommittedOffset | undefined, ends: LogEnds | PostlogError | undefined): string {
  if (ends === undefined || ends instanceof PostlogError) return UNKNOWN_LAG;
  const begin = committed?.committedOffset ?? ends.logStartOffset;
  return String(ends.highWatermark > begin ? ends.highWatermark - begin : 0n);
}
