/// <reference lib="es2024.string" />
import { PostlogError } from '../errors/postlog-error.js';
import { quoted } from './quoted.js';

/** Kafka's limit, which leaves room for a partition's suffix in a file name of 255. */
const MAX_NAME_LENGTH = 249;
const TOPIC_NAME = /^[a-zA-Z0-9._-]+$/;

/**
 * Kafka's rule for topics. Upper and lower case differ, and `__proto__` is a name like any other: keep names in a `Map`.
 *
 * @throws PostlogError `INVALID_TOPIC_EXCEPTION`
 */
export function checkTopicName(name: unknown): string {
  const isValid =
    typeof name === 'string' &&
    name.length <= MAX_NAME_LENGTH &&
    TOPIC_NAME.test(name) &&
    name !== '.' &&
    name !== '..';
  if (isValid) return name;
  throw new PostlogError(
    'INVALID_TOPIC_EXCEPTION',
    `the topic name is ${quoted(name)}; give a string of 1 to ${MAX_NAME_LENGTH} of the characters a-z A-Z 0-9 . _ - ` +
      'that is not "." or "..".',
  );
}

/**
 * A consumer group's name: any text that can be stored and shown.
 *
 * @throws PostlogError `INVALID_GROUP_ID`
 */
export function checkGroupId(value: unknown): string {
  const isValid =
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= MAX_NAME_LENGTH &&
    value.trim() === value &&
    value.isWellFormed() &&
    !/\p{Cc}/u.test(value);
  if (isValid) return value;
  throw new PostlogError(
    'INVALID_GROUP_ID',
    `groupId is ${quoted(value)}; give a string of 1 to ${MAX_NAME_LENGTH} characters without control characters, and no space at either end.`,
  );
}

/** Whether two topics would be one in metric systems, which write both `.` and `_` as `_`. */
export function collidesInMetrics(first: string, second: string): boolean {
  return first.replaceAll('.', '_') === second.replaceAll('.', '_');
}
