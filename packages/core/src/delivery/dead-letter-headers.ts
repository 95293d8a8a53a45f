/// <reference lib="es2024.string" />
import type { ConsumedMessage, Headers, HeaderValue } from '../record/messages.js';

/** Headers with this prefix are ours in a dead letter: what a sender gave under such a name is replaced, and requeueing takes them out. */
const DEAD_LETTER_PREFIX = 'postlog-dlq-';

/** What failed, and how. */
export interface Failure {
  /** How often the handler was called. */
  readonly attempts: number;
  readonly errorName: string;
  readonly errorMessage: string;
  /** As `handlerId` of `run` says. */
  readonly handlerId: string | undefined;
}

/** Where a dead letter came from. */
export interface DeadLetterOrigin extends Failure {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly timestamp: string;
  readonly idempotencyKey: string;
}

/** A message of an error that is a whole document is of no use in a header. */
const LONGEST_TEXT = 2_000;
/** A longer key is the record's only. */
const LONGEST_KEY_BYTES = 4_096;

/** Room that these headers need at most, in bytes: names, two texts of up to three bytes a character, a key. */
export const DEAD_LETTER_HEADERS_BYTES = 24_576;

/** The headers of a dead letter: the record's own, and where it came from. */
export function deadLetterHeaders(
  record: Pick<ConsumedMessage, 'key' | 'headers'>,
  origin: DeadLetterOrigin,
): Record<string, HeaderValue | readonly HeaderValue[] | undefined> {
  const { key, headers } = record;
  const ours: Record<string, HeaderValue | undefined> = {
    topic: origin.topic,
    partition: String(origin.partition),
    offset: origin.offset,
    timestamp: origin.timestamp,
    key: key !== null && key.length <= LONGEST_KEY_BYTES ? key : undefined,
    group: origin.groupId,
    attempts: String(origin.attempts),
    'error-name': cut(origin.errorName),
    'error-message': cut(origin.errorMessage),
    handler: origin.handlerId,
    'idempotency-key': origin.idempotencyKey,
  };
  const own = Object.entries(ours).map(([name, value]) => [`${DEAD_LETTER_PREFIX}${name}`, value] as const);
  return Object.fromEntries([
    ...Object.entries(originalHeaders(headers)),
    ...own.filter(([, value]) => value !== undefined),
  ]);
}

/** A record's headers without those that tell of its death. */
export function originalHeaders(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(DEAD_LETTER_PREFIX)));
}

/** Where a record of a dead-letter topic came from; undefined when it is none of ours. */
export function readDeadLetterHeaders(headers: Headers): DeadLetterOrigin | undefined {
  const text = (name: string) => textOf(headers[`${DEAD_LETTER_PREFIX}${name}`]);
  const [topic, groupId, key] = [text('topic'), text('group'), text('idempotency-key')];
  const [partition, offset, timestamp] = [text('partition'), text('offset'), text('timestamp')];
  const attempts = text('attempts');
  if (topic === undefined || groupId === undefined || key === undefined || timestamp === undefined) return undefined;
  if (!isWhole(partition) || !isWhole(offset) || !isWhole(attempts)) return undefined;
  return {
    groupId,
    topic,
    partition: Number(partition),
    offset,
    timestamp,
    idempotencyKey: key,
    attempts: Number(attempts),
    errorName: text('error-name') ?? '',
    errorMessage: text('error-message') ?? '',
    handlerId: text('handler'),
  };
}

/** What an error says of itself. */
export function describeError(error: Error): Pick<Failure, 'errorName' | 'errorMessage'> {
  const named = error.name === 'Error' ? error.constructor.name : error.name;
  return { errorName: cut(String(named)), errorMessage: cut(String(error.message)) };
}

/** Never half of a character. */
function cut(given: string): string {
  const text = given.toWellFormed();
  return text.length <= LONGEST_TEXT ? text : `${Array.from(text.slice(0, LONGEST_TEXT)).slice(0, -1).join('')}…`;
}

function textOf(value: Headers[string]): string | undefined {
  const first: HeaderValue | undefined = typeof value === 'string' || Buffer.isBuffer(value) ? value : value?.[0];
  return first?.toString();
}

function isWhole(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,19}$/.test(text);
}
