import type { FailureOptions } from '@postlog/core';
import type { PostlogModuleOptions } from '../module/postlog.options.js';
import { mayPass } from './failure.js';
import { handlerName, type Route } from './route.js';

/** For ever, as far as core counts: an outage must not end in dead letters by default. */
const FOR_EVER = 1_000_000;
/** What is parked is tried again for ever too, and holds up nothing but its key. */
const BEFORE_PARKING = 5;
const DELAY_MS = 200;
const MAX_DELAY_MS = 30_000;
const LONGEST_ID = 200;

/** What becomes of records that a subscription's handlers fail on. */
export function failureOptions(
  route: Pick<Route, 'settings' | 'handlers' | 'isPerInstance'>,
  module: Pick<PostlogModuleOptions, 'retry' | 'onExhausted'>,
): FailureOptions {
  const { settings, handlers, isPerInstance } = route;
  const { retryIf, delayMs = DELAY_MS, ...retry } = { ...module.retry, ...settings.retry };
  // A group that goes with its process leaves no dead letters, and whoever asked has the failure as the answer.
  const isFleeting = isPerInstance || handlers.every(({ takes }) => takes === 'requests');
  const onExhausted = settings.onExhausted ?? (isFleeting ? 'skip' : (module.onExhausted ?? 'deadLetter'));
  return {
    handlerId: handlerIdOf(route),
    onExhausted,
    ...(settings.maxParked === undefined ? {} : { maxParked: settings.maxParked }),
    retry: {
      attempts: onExhausted === 'parkKey' ? BEFORE_PARKING : FOR_EVER,
      maxDelayMs: Math.max(MAX_DELAY_MS, delayMs),
      ...retry,
      delayMs,
      retryIf: (error) => mayPass(error) && retryIf?.(error) !== false,
    },
  };
}

/** The `id`, else `Class.method`; of several handlers all. Dead letters take letters, digits and few signs. */
function handlerIdOf({ handlers }: Pick<Route, 'handlers'>): string {
  return handlers
    .map(handlerName)
    .join('/')
    .replaceAll(/[^\w./:#-]+/g, '-')
    .slice(0, LONGEST_ID);
}
