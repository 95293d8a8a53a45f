import type { Bench, Measure } from './bench.js';
import { within } from '@postlog/core/testing';
import type { Line } from './report.js';

const DEADLINE_MS = 15 * 60_000;

export interface Outcome {
  readonly lines: Line[];
  /** What did not run to its end, and why. */
  readonly failures: string[];
}

/** A measure that fails does not take the others with it; an interruption does. */
export async function runMeasures(
  bench: Bench,
  measures: Readonly<Record<string, Measure>>,
  names: readonly string[],
  isInterrupted = () => false,
): Promise<Outcome> {
  const lines: Line[] = [];
  const failures: string[] = [];
  for (const name of names) {
    bench.say(`— ${name}`);
    try {
      lines.push(...(await within(measures[name]!(bench), DEADLINE_MS, name)));
    } catch (error) {
      if (isInterrupted()) break; // It failed because everything is being stopped.
      failures.push(`failed ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      bench.say(failures.at(-1)!);
    }
  }
  return { lines, failures };
}
