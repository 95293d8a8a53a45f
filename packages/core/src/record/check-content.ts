/// <reference lib="es2024.string" />
import { PostlogError } from '../errors/postlog-error.js';
import { quoted } from './quoted.js';

/**
 * Content that a record can hold exactly: bytes, or text that UTF-8 can write.
 *
 * Bytes are taken as they are, without a copy; a view on shared memory is copied, since another thread may write there
 * while the record is encoded. Text with half of a surrogate pair would be stored as something else, silently.
 *
 * @throws PostlogError `INVALID_RECORD`
 */
export function checkContent(content: unknown, what: string, index: number): Uint8Array | string {
  if (typeof content === 'string') {
    if (content.isWellFormed()) return content;
    throw refused(
      index,
      `${what} has half of a surrogate pair, which UTF-8 cannot hold; repair the text or send bytes`,
    );
  }
  if (content instanceof Uint8Array) {
    return content.buffer instanceof ArrayBuffer ? content : Buffer.from(content);
  }
  throw refused(index, `${what} is ${quoted(content)}; ${cureFor(content)}`);
}

/** A refusal that names the message by its place in `messages`. */
export function refused(index: number, detail: string): PostlogError {
  return new PostlogError('INVALID_RECORD', `messages[${index}]: ${detail}.`);
}

function cureFor(content: unknown): string {
  if (content === undefined) return 'give text, bytes (Buffer, Uint8Array), or null for a tombstone';
  if (content === null || typeof content === 'symbol' || typeof content === 'function') {
    return 'give text or bytes (Buffer, Uint8Array)';
  }
  if (ArrayBuffer.isView(content)) return 'give its bytes: Buffer.from(view.buffer, view.byteOffset, view.byteLength)';
  if (content instanceof ArrayBuffer || content instanceof SharedArrayBuffer) return 'wrap it: Buffer.from(buffer)';
  if (typeof content === 'object') return 'turn it into text with JSON.stringify, or give bytes';
  return 'turn it into text with String() or JSON.stringify';
}
