import { PostlogError, type ConsumedMessage } from '@postlog/core';
import type { AnyTopic, Format } from '../topic/topic.js';

type Valued = Pick<ConsumedMessage, 'value'>;
type Contract = Pick<AnyTopic, 'name' | 'format'>;

/**
 * What a handler gets as its payload: the parsed JSON; text where the value is no JSON; null for a tombstone. With a format of text or bytes
 * it is that.
 */
export function readPayload({ value }: Valued, format: Format = 'json'): unknown {
  if (value === null || format === 'bytes') return value;
  const text = value.toString();
  if (format === 'text') return text;
  try {
    return parse(text);
  } catch {
    return text;
  }
}

/** The same by a topic's contract. @throws PostlogError `INVALID_RECORD` where the value is no JSON and the contract says it is. */
export function decodePayload(message: Valued, { name, format }: Contract): unknown {
  if (message.value === null || format !== 'json') return readPayload(message, format);
  try {
    return parse(message.value.toString());
  } catch (cause) {
    throw new PostlogError(
      'INVALID_RECORD',
      `the value is no JSON, and records of ${name} are; see who sends them, or write defineTopic('${name}', { format: 'text' }).`,
      { cause },
    );
  }
}

/**
 * A value as the log stores it: null as a tombstone, bytes as they are, text as it is unless the topic has a contract whose format is JSON,
 * anything else as JSON.
 *
 * @throws PostlogError `INVALID_RECORD` for what is no text or no bytes where the contract says so. @throws TypeError for what has no JSON form
 */
export function writePayload(value: unknown, contract?: Contract): Uint8Array | string | null {
  if (value === null || value instanceof Uint8Array) return value;
  const { name, format } = contract ?? { name: '', format: undefined };
  if (typeof value === 'string' && format !== 'json' && format !== 'bytes') return value;
  if (format === 'text' || format === 'bytes')
    throw new PostlogError(
      'INVALID_RECORD',
      `a payload of type ${typeof value} is no ${format}, which ${name} holds; send ${format}, or null.`,
    );
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined)
    throw new TypeError(`a payload of type ${typeof value} has no JSON form; send an object, text, bytes or null`);
  return text;
}

/** Keys that could reach a prototype when somebody merges the payload into another object are left out. */
function parse(text: string): unknown {
  return text.includes('__proto__') || text.includes('constructor')
    ? JSON.parse(text, withoutPrototypes)
    : JSON.parse(text);
}

function withoutPrototypes(key: string, value: unknown): unknown {
  if (key === '__proto__') return undefined;
  return key === 'constructor' && typeof value === 'object' && value !== null && 'prototype' in value
    ? undefined
    : value;
}
