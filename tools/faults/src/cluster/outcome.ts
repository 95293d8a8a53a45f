import type { Anomaly } from '../history.js';
import { checkGroup } from './check/group.js';
import { acksOutOfTime } from './check/lead-times.js';
import { checkLogs } from './check/logs.js';
import { checkOperations, failoverTimes, type OperationBounds } from './check/operations.js';
import { checkPolls } from './check/polls.js';
import { checkRecords, harmlessDuplicates } from './check/records.js';
import { acksBelowMinimum, checkSamples, deposedLeaders, metadataOf } from './check/samples.js';
import type { RunHistory } from './history.js';
import type { FinalLog, Sample } from './samples.js';

export interface RunResult {
  readonly history: RunHistory;
  readonly samples: readonly Sample[];
  readonly logs: readonly FinalLog[];
  readonly bounds: OperationBounds & { readonly sessionMs: number };
  /** Partitions that were read to the end after all was healed. */
  readonly readToTheEnd: ReadonlySet<string>;
}

export interface Outcome {
  /** `inconclusive`: no fault, nothing acknowledged meanwhile, or too much of which nobody knows what became of it: that proves nothing. */
  readonly verdict: 'clean' | 'anomalies' | 'inconclusive';
  readonly anomalies: readonly Anomaly[];
  readonly summary: Readonly<Record<string, unknown>>;
}

const MOST_UNKNOWN = 0.2;
/** The metadata is looked at twice a second, and by the probe too. */
const DEPOSED_SLACK_MS = 1_000;

/** What a run shows. */
export function outcomeOf(result: RunResult): Outcome {
  const { history, samples, logs, bounds, readToTheEnd } = result;
  const { sends, faults } = history;
  const metadata = metadataOf(samples);
  const readsAreComplete = (key: string) => readToTheEnd.has(key);
  const anomalies = [
    ...checkRecords(history, readsAreComplete),
    ...acksOutOfTime(history, { samples, logs }, readsAreComplete),
    ...checkPolls(history),
    ...checkGroup(history),
    ...checkOperations(history, metadata, bounds),
    ...checkSamples(samples, restoresIn(history)),
    ...acksBelowMinimum(history, samples),
    ...deposedLeaders(samples, bounds.sessionMs + DEPOSED_SLACK_MS),
    ...checkLogs(logs),
  ];
  const ok = sends.filter(({ outcome }) => outcome === 'ok');
  const duringFaults = ok.filter(
    ({ acks, invokedAt, endedAt }) =>
      acks === 'all' && faults.some(({ from, to }) => invokedAt >= from && endedAt <= to),
  );
  const unknown = sends.filter(({ outcome }) => outcome === 'info' || outcome === 'open').length;
  const isConclusive = faults.length > 0 && duringFaults.length > 0 && unknown <= sends.length * MOST_UNKNOWN;
  const times = failoverTimes(history, metadata).sort((one, other) => one - other);
  return {
    verdict: anomalies.length > 0 ? 'anomalies' : isConclusive ? 'clean' : 'inconclusive',
    anomalies,
    summary: {
      sent: sends.length,
      acknowledged: ok.length,
      failed: sends.filter(({ outcome }) => outcome === 'fail').length,
      unknown,
      acknowledgedDuringFaults: duringFaults.length,
      lostThatOnlyTheLeaderAcknowledged: lostWithLeader(history),
      duplicatesWithoutNumbers: harmlessDuplicates(history),
      polls: history.polls.length,
      commits: history.commits.filter(({ outcome }) => outcome === 'ok').length,
      elections: electionsIn(metadata),
      samples: samples.length,
      failoverMs: { count: times.length, p50: times[Math.floor(times.length / 2)] ?? null, max: times.at(-1) ?? null },
      faults: countBy(faults, ({ kind }) => kind),
      anomalies: countBy(anomalies, ({ code }) => code),
    },
  };
}

function restoresIn({ faults }: RunHistory) {
  const restores = faults.filter(({ kind }) => kind === 'restore-copy');
  return restores.flatMap(({ brokers, from }) => brokers.map((brokerId) => ({ brokerId, at: from })));
}

/** Worth telling, and allowed where `acksOutOfTime` says nothing: `acks: 1` promises no more. */
function lostWithLeader({ sends, polls }: RunHistory): number {
  const seen = new Set(polls.flatMap(({ records }) => records.map(([, value]) => value)));
  return sends.filter(({ acks, outcome, value }) => acks === 'leader' && outcome === 'ok' && !seen.has(value)).length;
}

function electionsIn(metadata: ReturnType<typeof metadataOf>): number {
  const [first, last] = [metadata[0], metadata.at(-1)];
  const epochs = (seen: typeof first) =>
    (seen?.partitions ?? []).reduce((sum, { leaderEpoch }) => sum + leaderEpoch, 0);
  return epochs(last) - epochs(first);
}

function countBy<T>(items: readonly T[], nameOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[nameOf(item)] = (counts[nameOf(item)] ?? 0) + 1;
  return counts;
}
