import type { ByteCursor } from './byte-cursor.js';
import { corrupt } from './corrupt-batch.js';
import { MAX_VARINT_BYTES, MAX_VARLONG_BYTES, sizeOfVarint, writeVarint, writeVarlong } from './varint.js';

/** A record may grow by so many bytes when it is moved: its length, its time and its offset delta. */
export const MAX_MOVED_BYTES = 2 * MAX_VARINT_BYTES + MAX_VARLONG_BYTES;

/**
 * Copies the record at the cursor to another batch; answers the place after it. Its attributes, key, value and headers stay as they are
 * and are not looked into; its time delta is shifted, its offset delta set. The caller has made room for `MAX_MOVED_BYTES` more.
 */
export function moveRecord(
  source: ByteCursor,
  target: Buffer,
  at: number,
  place: { readonly timestampShift: number; readonly offset: number },
): number {
  const length = source.readVarint();
  const sourceEnd = source.position + length;
  const attributes = source.readByte();
  const timestampDelta = source.readVarlong() + place.timestampShift;
  source.readVarint(); // Its old offset delta.
  if (sourceEnd < source.position) throw corrupt(`a record claims ${length} bytes`);
  const content = source.take(sourceEnd - source.position);

  // Room for the length as it will be when both deltas are short, as nearly all are.
  const room = sizeOfVarint(length);
  const start = at + room;
  target[start] = attributes;
  let end = writeVarint(target, place.offset, writeVarlong(target, timestampDelta, start + 1));
  target.set(content, end);
  end += content.length;
  const movedLength = end - start;
  const needed = sizeOfVarint(movedLength);
  if (needed !== room) target.copyWithin(at + needed, start, end);
  writeVarint(target, movedLength, at);
  return at + needed + movedLength;
}
