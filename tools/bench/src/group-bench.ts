import type { Measure } from './bench.js';
import { idleGroups } from './measures/idle-groups.js';
import { join } from './measures/join.js';
import { kill } from './measures/kill.js';
import { rollingRestart } from './measures/rolling-restart.js';

/** The measures of `bench groups`, by name, in the order in which they run. */
export const GROUP_MEASURES: Readonly<Record<string, Measure>> = {
  join,
  kill,
  'rolling-restart': rollingRestart,
  'idle-groups': idleGroups,
};
