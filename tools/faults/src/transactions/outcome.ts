import type { Anomaly } from '../history.js';
import { checkClaims, zombiesOf } from './check/claims.js';
import { checkCopies } from './check/copies.js';
import { checkDeadLetters } from './check/dead-letters.js';
import { checkEffects } from './check/effects.js';
import { checkJobs } from './check/jobs.js';
import { checkMoney } from './check/money.js';
import { checkParking } from './check/parking.js';
import { checkPublishing } from './check/publishing.js';
import type { AttemptEvent, CrashEvent, FaultEvent, HandleEvent, PublishEvent } from './events.js';
import { TOPIC_OF, type TransactionsHistory } from './history.js';

export interface TransactionsOutcome {
  /** `inconclusive`: no fault, no dead letter, or a workload had nothing done while there were faults; that proves nothing. */
  readonly verdict: 'clean' | 'anomalies' | 'inconclusive';
  readonly anomalies: readonly Anomaly[];
  readonly summary: Readonly<Record<string, unknown>>;
}

/** What a run shows. */
export function outcomeOf(history: TransactionsHistory): TransactionsOutcome {
  const { events, samples, final } = history;
  const crashes = events.filter((event): event is CrashEvent => event.f === 'crash');
  const anomalies = [
    ...checkPublishing(history),
    ...checkEffects(history),
    ...checkCopies(history),
    ...checkMoney(history),
    ...checkClaims(history),
    ...checkJobs(history),
    ...checkDeadLetters(history),
    ...checkParking(history),
    ...crashes.map(({ proc, detail }) => ({ code: 'A33', detail: `${proc}: ${detail}` })),
  ];
  const faults = events.filter((event): event is FaultEvent => event.f === 'fault');
  const published = events.filter((event): event is PublishEvent => event.f === 'publish');
  const meanwhile = transactionsMeanwhile(history, published, faults);
  const isConclusive =
    faults.length > 0 && final.letters.length > 0 && Object.values(meanwhile).every((count) => count > 0);
  const attempts = events.filter((event): event is AttemptEvent => event.f === 'attempt');
  const zombies = zombiesOf(history);
  const count = (type: PublishEvent['type']) => published.filter((event) => event.type === type).length;
  return {
    verdict: anomalies.length > 0 ? 'anomalies' : isConclusive ? 'clean' : 'inconclusive',
    anomalies,
    summary: {
      published: {
        committed: count('ok'),
        rolledBack: count('fail'),
        unknown: count('info'),
        rows: final.published.length,
      },
      effects: countBy(final.effects, ({ group }) => group),
      failing: {
        deadLetters: countOf(final.deadLetters),
        parkersRetried: new Set(attempts.filter(({ attempt }) => attempt > 1).map(placeOf)).size,
        parkedAtTheEnd: final.parked?.length ?? 0,
      },
      duringFaults: meanwhile,
      zombiesAborted: zombies.filter(({ hasCommitted }) => !hasCommitted).length,
      takeOvers: final.audit.filter(({ kind }) => kind === 'claim').length,
      moneySamples: samples.length,
      faults: countBy(faults, ({ kind }) => kind),
      anomalies: countBy(anomalies, ({ code }) => code),
    },
  };
}

/** By workload and group, how many transactions, or calls of handlers without one, had an end between the first fault and the end of the last. */
function transactionsMeanwhile(
  { events, final }: TransactionsHistory,
  published: readonly PublishEvent[],
  faults: readonly FaultEvent[],
): Record<string, number> {
  const from = Math.min(...faults.map(({ at }) => at));
  const to = Math.max(...faults.map(({ until }) => until));
  const isMeanwhile = ({ at }: { readonly at: number }) => at >= from && at <= to;
  const calls = events.filter((event): event is HandleEvent => event.f === 'handle' && event.type === 'end');
  const attempts = events.filter((event): event is AttemptEvent => event.f === 'attempt' && event.isDone);
  const none = Object.fromEntries(['orders', 'transfers', ...Object.keys(TOPIC_OF)].map((name) => [name, 0]));
  return {
    ...none,
    ...countBy(
      published.filter((event) => event.type === 'ok' && isMeanwhile(event)),
      ({ workload }) => workload,
    ),
    ...countBy(calls.filter(isMeanwhile), ({ group }) => group),
    ...(final.parked === undefined ? {} : { parkers: attempts.filter(isMeanwhile).length }),
  };
}

function placeOf({ partition, offset }: { readonly partition: number; readonly offset: number }): string {
  return `${partition}:${offset}`;
}

function countOf(lists: Readonly<Record<string, readonly unknown[]>>): Record<string, number> {
  return Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list.length]));
}

function countBy<T>(items: readonly T[], nameOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[nameOf(item)] = (counts[nameOf(item)] ?? 0) + 1;
  return counts;
}
