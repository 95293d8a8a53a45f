/// <reference lib="es2024.string" />
import { checkContent, refused } from './check-content.js';
import type { Headers, HeaderValue } from './messages.js';
import { quoted } from './quoted.js';

/** Headers carry a few words about a record; thousands of them, or a name like a document, are a mistake. */
export const MAX_HEADERS = 1_000;
const MAX_HEADER_NAME_LENGTH = 1_000;

/**
 * Headers as they will be sent: a copy, so that they stay as they were checked. A name with the value undefined, or with
 * an empty array, is left out.
 *
 * @throws PostlogError `INVALID_RECORD`
 */
export function checkHeaders(headers: unknown, index: number): Headers {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers) || headers instanceof Map) {
    throw refused(index, `headers is ${quoted(headers)}; give an object of names and values`);
  }
  const checked = Object.create(null) as Record<string, HeaderValue | HeaderValue[]>;
  let count = 0;
  for (const [name, value] of Object.entries(headers) as [string, unknown][]) {
    if (value === undefined) continue;
    checkName(name, index);
    count += Array.isArray(value) ? value.length : 1;
    if (count > MAX_HEADERS) {
      throw refused(index, `it has more than ${MAX_HEADERS} headers; put the data into the value`);
    }
    checked[name] = Array.isArray(value)
      ? (value as unknown[]).map((each) => checkValue(each, name, index))
      : checkValue(value, name, index);
  }
  return checked;
}

function checkName(name: string, index: number): void {
  if (name.length > 0 && name.length <= MAX_HEADER_NAME_LENGTH && name.isWellFormed()) return;
  throw refused(index, `header name ${quoted(name)} is not 1 to ${MAX_HEADER_NAME_LENGTH} characters of valid text`);
}

function checkValue(value: unknown, name: string, index: number): HeaderValue {
  if (Array.isArray(value) || value === null) {
    throw refused(index, `header ${quoted(name)} is ${quoted(value)}; give text, bytes, or an array of them`);
  }
  const content = checkContent(value, `header ${quoted(name)}`, index);
  if (typeof content === 'string' || Buffer.isBuffer(content)) return content;
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}
