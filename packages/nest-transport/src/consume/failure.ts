import { RpcException } from '@nestjs/microservices';
import { PostlogError } from '@postlog/core';
import type { HandlingContext } from './handling.context.js';

/** What no repeat can cure, although its class does not say so. */
const hopeless = new WeakSet<object>();

/** Statuses of "not now", which may pass. */
const PASSING = [408, 425, 429];
/** What Nest throws where a guard returned false. */
const DENIED = 'Forbidden resource';

/**
 * Whether calling a handler again with its record may help. It cannot where the record does not fit its schema, or where a guard, a pipe or the
 * handler refused it: by false, or by an `HttpException` of a request that is wrong (4xx), also one that an `RpcException` wraps.
 */
export function mayPass(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return true;
  if (hopeless.has(error)) return false;
  const inner = error instanceof RpcException ? error.getError() : error;
  if (inner === DENIED) return false;
  const status = statusOf(inner);
  return status === undefined || status < 400 || status > 499 || PASSING.includes(status);
}

/** Runs the check of a record; one that it refuses will never fit. A promise only where the check needs one. */
export function refusingForGood(check: () => unknown): unknown {
  try {
    const checked = check();
    return checked instanceof Promise ? checked.catch(refuse) : checked;
  } catch (error) {
    return refuse(error);
  }
}

function refuse(error: unknown): never {
  if (error instanceof PostlogError) hopeless.add(error);
  throw error;
}

/** What really failed: what was thrown, before Nest's exception layer made an answer of it. */
export function failureOf({ thrown }: Pick<HandlingContext, 'thrown'>, answered: unknown): unknown {
  if (thrown !== undefined) return thrown;
  return answered instanceof Error || typeof answered !== 'object' || answered === null
    ? answered
    : new RpcException(answered);
}

/** As Nest's own exceptions tell it. */
function statusOf(error: string | object): number | undefined {
  if (typeof error === 'string' || !('getStatus' in error) || typeof error.getStatus !== 'function') return undefined;
  const status: unknown = (error as { getStatus: () => unknown }).getStatus();
  return typeof status === 'number' ? status : undefined;
}
