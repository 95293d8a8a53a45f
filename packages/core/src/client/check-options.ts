import { PostlogError } from '../errors/postlog-error.js';
import { checkKnownKeys } from '../record/known-keys.js';
import { DEFAULT_RETRY, type ResolvedRetry, type RetryOptions } from '../runtime/backoff.js';

/** A whole number in a range, or the default when it is absent. @throws PostlogError `INVALID_CONFIG` naming the option. */
export function checkInteger(
  value: unknown,
  name: string,
  { min, max, fallback }: { readonly min: number; readonly max: number; readonly fallback: number },
): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw invalid(`${name} is ${shown(value)}; give a whole number from ${min} to ${max}`);
  }
  return value;
}

export function checkBoolean(value: unknown, name: string, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') throw invalid(`${name} is ${shown(value)}; give true or false`);
  return value;
}

/** An options object with known names only. */
export function checkOptions<T extends object>(value: T | undefined, known: readonly string[], what: string): T {
  if (value === undefined) return {} as T;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`${what} takes an object of options`);
  checkKnownKeys(value, known, what);
  return value;
}

export function checkRetry(value: RetryOptions | undefined, what: string, more: readonly string[] = []): ResolvedRetry {
  const given = checkOptions(value, [...Object.keys(DEFAULT_RETRY), ...more], `${what}.retry`);
  const resolved = { ...DEFAULT_RETRY };
  for (const name of Object.keys(DEFAULT_RETRY) as (keyof ResolvedRetry)[]) {
    const option: unknown = given[name];
    if (option === undefined) continue;
    if (typeof option !== 'number' || !Number.isFinite(option) || option < 0) {
      throw invalid(`${what}.retry.${name} is ${shown(option)}; give a number from 0 on`);
    }
    resolved[name] = option;
  }
  return resolved;
}

export function invalid(detail: string): PostlogError {
  return new PostlogError('INVALID_CONFIG', `${detail}.`);
}

/** A value as a message may show it: short, and never an object's content. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
}
