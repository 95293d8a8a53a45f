import { PostlogError } from '../errors/postlog-error.js';
import type { Headers, Message } from './messages.js';
import { MAX_VARINT_BYTES, MAX_VARLONG_BYTES, sizeOfVarint, writeVarint, writeVarlong } from './varint.js';

/** Node's own text writer, without the argument checks of `Buffer.write`: a quarter less time for a short text. */
interface TextBuffer extends Buffer {
  utf8Write(text: string, at: number, length?: number): number;
}

/** A record without its key, value and headers: its length, attributes, time, offset, two lengths, header count. */
const MAX_OVERHEAD = 1 + MAX_VARLONG_BYTES + 5 * MAX_VARINT_BYTES;

/** Up to here a text is measured by assuming that every character takes three bytes, beyond it is counted. */
const COUNTED_TEXT_LENGTH = 1_024;

/** The most bytes that a record of this message can take, a few more than it will. */
export function estimateRecordBytes(message: Message): number {
  const bytes = MAX_OVERHEAD + sizeOf(message.key) + sizeOf(message.value);
  return message.headers === undefined ? bytes : bytes + sizeOfHeaders(message.headers);
}

/** As `estimateRecordBytes`, cheaper and up to three times too large: enough to see that a buffer has room. */
export function boundRecordBytes(message: Message): number {
  const bytes = MAX_OVERHEAD + boundOf(message.key) + boundOf(message.value);
  return message.headers === undefined ? bytes : bytes + sizeOfHeaders(message.headers);
}

/**
 * Writes one record; answers the place after it. The caller has made room for `estimateRecordBytes`.
 *
 *     length · attributes 1 · timestamp delta · offset delta · key · value · headers
 *
 * The length comes first and is known last, so room is left for a guess that is right for plain ASCII; a wrong guess
 * moves the record by a byte.
 */
export function writeRecord(
  target: Buffer,
  at: number,
  message: Message,
  deltas: { readonly timestamp: number; readonly offset: number },
): number {
  const { key, value, headers } = message;
  const guess = 8 + (key == null ? 0 : key.length) + (value == null ? 0 : value.length);
  const room = sizeOfVarint(guess);
  const start = at + room;
  target[start] = 0;
  let end = writeVarlong(target, deltas.timestamp, start + 1);
  end = writeVarint(target, deltas.offset, end);
  end = writeContent(target, end, key);
  end = writeContent(target, end, value);
  if (headers === undefined) target[end++] = 0;
  else end = writeHeaders(target, end, headers);
  const length = end - start;
  const needed = sizeOfVarint(length);
  if (needed !== room) {
    target.copyWithin(at + needed, start, end);
    end += needed - room;
  }
  writeVarint(target, length, at);
  return end;
}

function writeContent(target: Buffer, at: number, content: Uint8Array | string | null | undefined): number {
  if (content === null || content === undefined) {
    target[at] = 1; // -1 in zig-zag: null.
    return at + 1;
  }
  if (typeof content === 'string') return writeText(target, at, content);
  if (!(content instanceof Uint8Array)) throw changed();
  const start = writeVarint(target, content.length, at);
  target.set(content, start);
  return start + content.length;
}

function writeText(target: Buffer, at: number, text: string): number {
  const start = writeVarint(target, text.length, at);
  const written = (target as TextBuffer).utf8Write(text, start);
  if (written === text.length) return start + written;
  // Not plain ASCII: more bytes than characters.
  const moved = at + sizeOfVarint(written);
  if (moved !== start) target.copyWithin(moved, start, start + written);
  writeVarint(target, written, at);
  return moved + written;
}

function writeHeaders(target: Buffer, at: number, headers: Headers): number {
  const names = Object.keys(headers);
  let count = 0;
  for (const name of names) count += countValues(headers[name]);
  let end = writeVarint(target, count, at);
  for (const name of names) {
    const value = headers[name];
    if (value === undefined) continue;
    if (typeof value === 'string' || value instanceof Uint8Array) {
      end = writeContent(target, writeText(target, end, name), value);
    } else {
      for (const each of value) end = writeContent(target, writeText(target, end, name), each);
    }
  }
  return end;
}

function countValues(value: Headers[string]): number {
  if (value === undefined) return 0;
  return typeof value === 'string' || value instanceof Uint8Array ? 1 : value.length;
}

function sizeOfHeaders(headers: Headers): number {
  let bytes = 0;
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value === undefined) continue;
    const nameBytes = 2 * MAX_VARINT_BYTES + Buffer.byteLength(name);
    if (typeof value === 'string' || value instanceof Uint8Array) bytes += nameBytes + sizeOf(value);
    else for (const each of value) bytes += nameBytes + sizeOf(each);
  }
  return bytes;
}

function sizeOf(content: Uint8Array | string | null | undefined): number {
  if (content === null || content === undefined) return 0;
  if (typeof content === 'string') return Buffer.byteLength(content);
  return content instanceof Uint8Array ? content.length : 0; // Else it is refused when it is written.
}

function boundOf(content: Uint8Array | string | null | undefined): number {
  if (content === null || content === undefined) return 0;
  if (typeof content !== 'string') return sizeOf(content);
  return content.length <= COUNTED_TEXT_LENGTH ? 3 * content.length : Buffer.byteLength(content);
}

/** The message was checked when it was handed over, so it was another one then. */
function changed(): PostlogError {
  return new PostlogError(
    'INVALID_RECORD',
    'a message has content that is neither text nor bytes; do not change a message before send() has ended.',
  );
}
