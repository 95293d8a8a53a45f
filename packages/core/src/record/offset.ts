import { PostlogError } from '../errors/postlog-error.js';

declare const offsetBrand: unique symbol;

/** Position of a record in its partition: 0 to 2^63 - 1, dense, given once and never again (A1 of the semantics). */
export type Offset = bigint & { readonly [offsetBrand]: true };

/** The largest offset that a Postgres `bigint` holds. */
export const MAX_OFFSET = 2n ** 63n - 1n;

/** Brands a number that is known to be a valid offset. */
export function offset(value: bigint | number): Offset {
  return BigInt(value) as Offset;
}

/**
 * Reads an offset as users give it: a decimal string (KafkaJS's form), a bigint, or a safe whole number.
 *
 * @throws PostlogError `OFFSET_OUT_OF_RANGE` for anything else, before any effect.
 */
export function parseOffset(value: unknown, what = 'offset'): Offset {
  const parsed = toBigInt(value);
  if (parsed === undefined || parsed < 0n || parsed > MAX_OFFSET) {
    throw new PostlogError(
      'OFFSET_OUT_OF_RANGE',
      `${what} is ${describe(value)}; give a decimal string, a bigint or a safe whole number from 0 to ${MAX_OFFSET}.`,
    );
  }
  return parsed as Offset;
}

function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value === 'string' && /^\d{1,19}$/.test(value)) return BigInt(value);
  return undefined;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'bigint' || typeof value === 'number') return String(value);
  return value === null ? 'null' : typeof value;
}
