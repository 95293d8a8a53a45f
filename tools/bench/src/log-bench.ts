import type { Bench, Measure } from './bench.js';
import { ceiling } from './measures/ceiling.js';
import { depth } from './measures/depth.js';
import { fanIn } from './measures/fan-in.js';
import { latency } from './measures/latency.js';
import { pinned } from './measures/pinned.js';
import { produceConsume } from './measures/produce-consume.js';
import { segments } from './measures/segments.js';
import type { Line } from './report.js';

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

export async function runMeasures(bench: Bench, names: readonly string[]): Promise<Line[]> {
  const lines: Line[] = [];
  for (const name of names) {
    bench.say(`— ${name}`);
    lines.push(...(await LOG_MEASURES[name]!(bench)));
  }
  return lines;
}
