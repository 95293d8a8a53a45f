import { rangeAssignor, roundRobinAssignor, type Assignor } from './assignors.js';
import { uniformAssignor } from './uniform-assignor.js';

/** The assignors that every process knows, by the names that consumers ask for; `uniform` is the default. */
export const BUILT_IN_ASSIGNORS: ReadonlyMap<string, Assignor> = new Map([
  ['uniform', uniformAssignor],
  ['range', rangeAssignor],
  ['roundRobin', roundRobinAssignor],
]);
