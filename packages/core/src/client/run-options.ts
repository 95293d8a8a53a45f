import { FAILURE_OPTIONS } from './failure-options.js';
import { checkInteger, checkOptions, invalid, shown } from './check-options.js';
import type { Gathering } from './record-buffer.js';
import type { ConsumerRun, EachBatchPayload, EachMessagePayload, TransactionalRun } from './run-types.js';

/** Options of `run` that were checked; a handler of a transactional run finds its transaction in the payload. */
export interface CheckedRun extends Omit<ConsumerRun, 'transactional' | 'eachMessage' | 'eachBatch'> {
  readonly transactional?: boolean;
  readonly application?: string;
  readonly runInTransaction?: (work: (transaction: unknown) => Promise<void>) => Promise<unknown>;
  readonly eachMessage?: (payload: EachMessagePayload & { readonly transaction?: unknown }) => Promise<void> | void;
  readonly eachBatch?: (payload: EachBatchPayload & { readonly transaction?: unknown }) => Promise<void> | void;
}

const KNOWN: readonly (keyof CheckedRun)[] = [
  'transactional',
  'application',
  'runInTransaction',
  'autoCommit',
  'autoCommitInterval',
  'autoCommitThreshold',
  'eachBatchAutoResolve',
  'eachBatchMinRecords',
  'eachBatchWaitMs',
  'partitionsConsumedConcurrently',
  'keyConcurrency',
  'eachMessage',
  'eachBatch',
  ...FAILURE_OPTIONS,
];
/** A transactional run commits with its transactions, one after another in a partition. */
const NOT_IN_TRANSACTIONS = ['autoCommit', 'autoCommitThreshold', 'keyConcurrency'] as const;
const ONLY_IN_TRANSACTIONS = ['application', 'runInTransaction'] as const;
const LONGEST_MS = 2 ** 31 - 1;

/** @throws PostlogError `INVALID_CONFIG` */
export function checkRun<T>(given: ConsumerRun | TransactionalRun<T>): CheckedRun {
  const options = checkOptions(given as CheckedRun, KNOWN, 'run()');
  const handlers = [options.eachMessage, options.eachBatch].filter((handler) => handler !== undefined);
  if (handlers.length !== 1 || typeof handlers[0] !== 'function')
    throw invalid('run() takes one handler: eachMessage or eachBatch, a function');
  checkInteger(options.partitionsConsumedConcurrently, 'partitionsConsumedConcurrently', {
    min: 1,
    max: 10_000,
    fallback: 1,
  });
  const keyConcurrency = checkInteger(options.keyConcurrency, 'keyConcurrency', { min: 1, max: 10_000, fallback: 1 });
  if (keyConcurrency > 1 && options.eachBatch !== undefined)
    throw invalid('keyConcurrency goes with eachMessage; a batch handler sorts its records by itself');
  gatheringOf(options);
  for (const name of ['autoCommitInterval', 'autoCommitThreshold'] as const) {
    if (options[name] != null) checkInteger(options[name], name, { min: 1, max: LONGEST_MS, fallback: 1 });
  }
  for (const name of ['transactional', 'autoCommit', 'eachBatchAutoResolve'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'boolean')
      throw invalid(`${name} is ${shown(value)}; give true or false`);
  }
  checkTransactional(options);
  return options;
}

/** @throws PostlogError `INVALID_CONFIG` */
export function gatheringOf(options: CheckedRun): Gathering | undefined {
  const { eachBatch, eachBatchMinRecords, eachBatchWaitMs } = options;
  const records = checkInteger(eachBatchMinRecords, 'eachBatchMinRecords', { min: 1, max: 1_000_000, fallback: 1 });
  const waitMs = checkInteger(eachBatchWaitMs, 'eachBatchWaitMs', { min: 0, max: LONGEST_MS, fallback: 0 });
  if (eachBatch === undefined && (eachBatchMinRecords ?? eachBatchWaitMs) !== undefined)
    throw invalid('eachBatchMinRecords and eachBatchWaitMs go with eachBatch; leave them out');
  return records > 1 && waitMs > 0 ? { records, waitMs } : undefined;
}

function checkTransactional(options: CheckedRun): void {
  if (options.transactional !== true) {
    for (const name of ONLY_IN_TRANSACTIONS)
      if (options[name] !== undefined) throw invalid(`${name} goes with transactional: true; set that too`);
    return;
  }
  for (const name of NOT_IN_TRANSACTIONS)
    if (options[name] !== undefined)
      throw invalid(`${name} is of no use with transactional: true, which commits with each transaction; leave it out`);
  const { application, runInTransaction } = options as { application?: unknown; runInTransaction?: unknown };
  if (application !== undefined && typeof application !== 'string')
    throw invalid(`application is ${shown(application)}; give a name of connect({ applications })`);
  if (runInTransaction !== undefined && typeof runInTransaction !== 'function')
    throw invalid('runInTransaction is no function; give (work) => dataSource.transaction(work), or leave it out');
}
