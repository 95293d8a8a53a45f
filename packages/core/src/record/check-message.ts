import { PostlogError } from '../errors/postlog-error.js';
import { checkContent, refused } from './check-content.js';
import { checkHeaders } from './check-headers.js';
import { checkPartition } from './check-topic.js';
import type { Message } from './messages.js';
import { quoted } from './quoted.js';

/** The last moment that a JavaScript `Date` can name. */
const MAX_TIMESTAMP = 8_640_000_000_000_000;

/**
 * Everything that can be wrong with a message of `send`, before any effect.
 *
 * Answers an object of its own: the user's may have getters, or change before it is encoded. A key that is absent is
 * null, as for Kafka; an empty one stays empty. Names that a message does not have are left out, so a consumed message
 * can be sent on as it is.
 *
 * @param index its place in `messages`, for the error.
 * @throws PostlogError `INVALID_RECORD`, `INVALID_TIMESTAMP`, `INVALID_PARTITIONS`
 */
export function checkMessage(message: unknown, index: number): Message {
  if (typeof message !== 'object' || message === null || Array.isArray(message) || message instanceof Uint8Array) {
    throw refused(index, `it is ${quoted(message)}; give an object { key, value, headers, partition, timestamp }`);
  }
  // Each field is read once.
  const { key, value, headers, partition, timestamp } = message as Readonly<Record<keyof Message, unknown>>;
  const checkedKey = key === undefined || key === null ? null : checkContent(key, 'key', index);
  const checkedValue = value === null ? null : checkContent(value, 'value', index);
  if (headers === undefined && partition === undefined && timestamp === undefined) {
    return { key: checkedKey, value: checkedValue };
  }
  return {
    key: checkedKey,
    value: checkedValue,
    ...(headers === undefined ? {} : { headers: checkHeaders(headers, index) }),
    ...(partition === undefined ? {} : { partition: checkPartition(partition, `messages[${index}]: partition`) }),
    ...(timestamp === undefined ? {} : { timestamp: checkTimestamp(timestamp, index) }),
  };
}

function checkTimestamp(timestamp: unknown, index: number): string {
  if (typeof timestamp === 'string' && /^\d{1,16}$/.test(timestamp) && Number(timestamp) <= MAX_TIMESTAMP) {
    return timestamp;
  }
  throw new PostlogError(
    'INVALID_TIMESTAMP',
    `messages[${index}]: timestamp is ${quoted(timestamp)}; give milliseconds since 1970 as a decimal string, ` +
      'as in String(Date.now()).',
  );
}
