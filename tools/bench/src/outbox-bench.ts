import type { Measure } from './bench.js';
import { outboxDrain } from './measures/outbox-drain.js';
import { outboxLatency } from './measures/outbox-latency.js';
import { outboxPinned } from './measures/outbox-pinned.js';
import { outboxPublish } from './measures/outbox-publish.js';
import { transactionalConsume } from './measures/transactional-consume.js';

/** The measures of `bench outbox`, by name, in the order in which they run. */
export const OUTBOX_MEASURES: Readonly<Record<string, Measure>> = {
  publish: outboxPublish,
  latency: outboxLatency,
  drain: outboxDrain,
  transactional: transactionalConsume,
  pinned: outboxPinned,
};
