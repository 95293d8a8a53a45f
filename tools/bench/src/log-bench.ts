import type { Measure } from './bench.js';
import { ceiling } from './measures/ceiling.js';
import { deliverLater } from './measures/deliver-later.js';
import { depth } from './measures/depth.js';
import { fanIn } from './measures/fan-in.js';
import { latency } from './measures/latency.js';
import { pinned } from './measures/pinned.js';
import { produceConsume } from './measures/produce-consume.js';
import { segments } from './measures/segments.js';

/** The measures of `bench log`, by name, in the order in which they run. */
export const LOG_MEASURES: Readonly<Record<string, Measure>> = {
  'produce-consume': produceConsume,
  ceiling,
  'fan-in': fanIn,
  latency,
  pinned,
  'deliver-later': deliverLater,
  depth,
  segments,
};
