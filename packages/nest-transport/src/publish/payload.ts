import type { ConsumedMessage } from '@postlog/core';

/**
 * What a handler gets as its payload: the parsed JSON; text where the value is no JSON; null for a tombstone.
 *
 * Keys that could reach a prototype when somebody merges the payload into another object are left out.
 */
export function readPayload({ value }: Pick<ConsumedMessage, 'value'>): unknown {
  if (value === null) return null;
  const text = value.toString();
  try {
    return text.includes('__proto__') || text.includes('constructor')
      ? JSON.parse(text, withoutPrototypes)
      : JSON.parse(text);
  } catch {
    return text;
  }
}

/** A value as the log stores it: bytes and text as they are, null as a tombstone, anything else as JSON. */
export function writePayload(value: unknown): Uint8Array | string | null {
  if (value === null || typeof value === 'string' || value instanceof Uint8Array) return value;
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined)
    throw new TypeError(`a payload of type ${typeof value} has no JSON form; send an object, text, bytes or null`);
  return text;
}

function withoutPrototypes(key: string, value: unknown): unknown {
  if (key === '__proto__') return undefined;
  return key === 'constructor' && typeof value === 'object' && value !== null && 'prototype' in value
    ? undefined
    : value;
}
