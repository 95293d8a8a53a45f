import type { Bench, Measure } from './bench.js';
import { within } from './cleanup.js';
import { ceiling } from './measures/ceiling.js';
import { depth } from './measures/depth.js';
import { fanIn } from './measures/fan-in.js';
import { latency } from './measures/latency.js';
import { pinned } from './measures/pinned.js';
import { produceConsume } from './measures/produce-consume.js';
import { segments } from './measures/segments.js';
import type { Line } from './report.js';

const DEADLINE_MS = 15 * 60_000;

/** The measures of `bench log`, by name, in the order in which they run. */
export const LOG_MEASURES: Readonly<Record<string, Measure>> = {
  'produce-consume': produceConsume,
  ceiling,
  'fan-in': fanIn,
  latency,
  pinned,
  depth,
  segments,
};

export interface Outcome {
  readonly lines: Line[];
  /** What did not run to its end, and why. */
  readonly failures: string[];
}

/** A measure that fails does not take the others with it; an interruption does. */
export async function runMeasures(
  bench: Bench,
  names: readonly string[],
  isInterrupted = () => false,
): Promise<Outcome> {
  const lines: Line[] = [];
  const failures: string[] = [];
  for (const name of names) {
    bench.say(`— ${name}`);
    try {
      lines.push(...(await within(LOG_MEASURES[name]!(bench), DEADLINE_MS, name)));
    } catch (error) {
      if (isInterrupted()) break; // It failed because everything is being stopped.
      failures.push(`failed ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      bench.say(failures.at(-1)!);
    }
  }
  return { lines, failures };
}
