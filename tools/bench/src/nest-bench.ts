import type { Measure } from './bench.js';
import { handlers } from './measures/nest-handlers.js';
import { requests } from './measures/nest-requests.js';
import { storm } from './measures/nest-storm.js';

/** The measures of `bench nest`, by name, in the order in which they run. */
export const NEST_MEASURES: Readonly<Record<string, Measure>> = { handlers, requests, storm };
