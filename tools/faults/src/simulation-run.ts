import { MISTAKES, simulate, type Mistake, type SimulationOptions } from '@postlog/core/testing';
import type { Anomaly } from './history.js';

export interface SimulationRunOptions {
  /** The first. */
  readonly seed: number;
  readonly seeds: number;
  /** A mistake to find. */
  readonly plant: string | undefined;
  /** Hears how far the run is, and what led to a broken promise. */
  readonly say: (text: string) => void;
}

export interface SimulationOutcome {
  readonly verdict: 'clean' | 'anomalies';
  readonly anomalies: readonly Anomaly[];
  readonly summary: Readonly<Record<string, unknown>>;
}

const TOLD_EVERY = 500;

/** Where some mistakes show far more often than in worlds of all kinds. */
const WHERE_THEY_SHOW: Partial<Record<Mistake, SimulationOptions>> = {
  'a log is cut that nobody was asked about': {
    faultsForMs: 10_000,
    faults: ['crash', 'stop in order', 'freeze', 'cut off process'],
    weather: { lateChance: 0.5, lateCalls: ['truncate', 'restartAt'] },
  },
  'a leader leads on before it hears': { faultsForMs: 15_000, faults: ['freeze', 'client in the dark'] },
};

/** Lives through seed after seed, up to the first that breaks a promise. */
export async function runSimulation({ seed, seeds, plant, say }: SimulationRunOptions): Promise<SimulationOutcome> {
  const mistakes = MISTAKES.filter((mistake) => mistake === plant);
  const where = mistakes.map((mistake) => WHERE_THEY_SHOW[mistake])[0];
  const sum = { seeds: 0, events: 0, faults: 0, acknowledged: 0, lostOfLeaderAlone: 0 };
  for (let at = seed; at < seed + seeds; at += 1) {
    const { violation, trace, events, faults, acknowledged, lost } = await simulate(at, { ...where, mistakes });
    sum.seeds += 1;
    sum.events += events;
    sum.faults += faults;
    sum.acknowledged += acknowledged;
    sum.lostOfLeaderAlone += lost;
    if (violation !== undefined) {
      say(`${trace.join('\n')}\nseed ${at}: --seed ${at} --seeds 1 lives through it again`);
      return {
        verdict: 'anomalies',
        anomalies: [{ code: 'seed', detail: `${at}: ${violation}` }],
        summary: { plant, violatedAt: at, violation, ...sum },
      };
    }
    if (sum.seeds % TOLD_EVERY === 0 && sum.seeds < seeds) say(`${sum.seeds} of ${seeds} seeds, no promise broken`);
  }
  return { verdict: 'clean', anomalies: [], summary: { plant, ...sum } };
}
