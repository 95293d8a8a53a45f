import { PostlogError } from '@postlog/core';
import { isObservable, lastValueFrom, type Observable } from 'rxjs';
import type { Handler } from './route.js';
import type { HandlingContext } from './handling.context.js';

/** Calls a handler with what `payload` answers. A stream that completes without a value (a filter answered `EMPTY`) counts as handled. */
export async function callHandler({ call }: Handler, payload: () => unknown, context: HandlingContext): Promise<void> {
  const ready = payload();
  const result: unknown = await call(ready instanceof Promise ? await ready : ready, context);
  if (isObservable(result)) await lastValueFrom(result as Observable<unknown>, { defaultValue: undefined });
}

/** A signal of one call: it aborts with the subscription's, or when the call has taken too long. */
export interface CallSignal {
  readonly signal: AbortSignal;
  /** The outcome of the work, or a failure once it has taken too long. */
  within(work: Promise<void>): Promise<void>;
}

/** @param stopping aborts when the whole subscription gives up. */
export function callSignal({ name, timeoutMs }: Handler, stopping: AbortSignal): CallSignal {
  if (timeoutMs === undefined) return { signal: stopping, within: (work) => work };
  const own = new AbortController();
  const giveUp = () => own.abort(stopping.reason);
  stopping.addEventListener('abort', giveUp, { once: true });
  return {
    signal: own.signal,
    within: async (work) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          const error = tooLong(name, timeoutMs);
          own.abort(error);
          reject(error);
        }, timeoutMs);
      });
      try {
        await Promise.race([work, late]);
      } finally {
        clearTimeout(timer);
        stopping.removeEventListener('abort', giveUp);
      }
    },
  };
}

function tooLong(name: string, timeoutMs: number): PostlogError {
  return new PostlogError(
    'REQUEST_TIMED_OUT',
    `${name} did not end within ${timeoutMs} ms; heed context.signal there, or raise timeoutMs.`,
    { outcome: 'unknown' },
  );
}
