import type { DueTime } from '../delivery/delay.store.js';
import { invalid, shown } from './check-options.js';

/** Ten years: what is later is a mistake in the unit, rather. */
export const LONGEST_DELAY_MS = 315_576_000_000;

/** Options of a send that say when its records are due. */
export const DUE_TERMS = ['deliverAt', 'delayMs'] as const;

/**
 * When the records of a send are due; undefined: at once, as with any other send.
 *
 * @param now milliseconds since 1970
 * @throws PostlogError `INVALID_CONFIG` that names the cure
 */
export function checkDueTime(
  terms: { readonly deliverAt?: unknown; readonly delayMs?: unknown },
  now: number,
): DueTime | undefined {
  const isTimed = 'deliverAt' in terms;
  if (isTimed && 'delayMs' in terms) throw invalid('both deliverAt and delayMs are given; give one of them');
  if (isTimed) return { deliverAt: checkDeliverAt(terms.deliverAt, now) };
  if ('delayMs' in terms) return { delayMs: checkDelay(terms.delayMs) };
  return undefined;
}

/** The same as a time, as far as this process's clock is right. */
export function estimatedDueAt(due: DueTime, now: number): number {
  return 'deliverAt' in due ? Math.max(now, due.deliverAt) : now + due.delayMs;
}

/** @throws PostlogError `INVALID_CONFIG` */
export function checkDeliveryId(id: unknown): string {
  if (typeof id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id;
  throw invalid(`the id of a delivery is ${shown(id)}; give the one that send() answered`);
}

function checkDeliverAt(given: unknown, now: number): number {
  const ms = given instanceof Date ? given.getTime() : given;
  if (typeof ms !== 'number' || !Number.isSafeInteger(ms)) {
    const what = given instanceof Date ? 'no valid date' : shown(given);
    throw invalid(
      `deliverAt is ${what}; give a Date or milliseconds since 1970 as a whole number, or leave it out to deliver at once`,
    );
  }
  if (ms > now + LONGEST_DELAY_MS) {
    throw invalid(
      `deliverAt is ${new Date(ms).getUTCFullYear() || ms}, more than ten years ahead; give an earlier time`,
    );
  }
  return ms;
}

function checkDelay(given: unknown): number {
  if (typeof given !== 'number' || !Number.isInteger(given) || given < 0 || given > LONGEST_DELAY_MS) {
    throw invalid(
      `delayMs is ${shown(given)}; give a whole number of milliseconds from 0 to ${LONGEST_DELAY_MS} (ten years), or leave it out to deliver at once`,
    );
  }
  return given;
}
