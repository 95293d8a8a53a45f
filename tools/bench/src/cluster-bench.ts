import type { Measure } from './bench.js';
import { clusterFailover } from './measures/cluster-failover.js';
import { clusterIdle } from './measures/cluster-idle.js';
import { clusterLatency } from './measures/cluster-latency.js';
import { clusterThroughput } from './measures/cluster-throughput.js';

/** The measures of `bench cluster`, by name, in the order in which they run. */
export const CLUSTER_MEASURES: Readonly<Record<string, Measure>> = {
  throughput: clusterThroughput,
  latency: clusterLatency,
  failover: clusterFailover,
  idle: clusterIdle,
};
