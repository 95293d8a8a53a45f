/**
 * Reads the logs of groups that a broker begins to coordinate into its tables, keeps these logs short, and takes the groups of a broker that was alone
 * into them.
 */
import { adoptGroup, listUnloggedGroups } from '../group/group-adoption.store.js';
import { GroupJournal } from '../group/group-journal.js';
import { offsetsPartitionOf } from '../group/offsets-partition.js';
import { listLedGroupLogs, loadGroups, readGroupLogContent, type LedGroupLog } from '../group/group-log.store.js';
import { readGroupLog, snapshotMessages } from '../group/group-log.js';
import { append } from '../log/append.store.js';
import { advanceLogStart, read, type StoredBatch } from '../log/log.store.js';
import type { ConsumedMessage } from '../record/messages.js';
import { offset, type Offset } from '../record/offset.js';
import { NO_PRODUCER_ID, verifyBatch } from '../record/record-batch.js';
import { RecordBatchBuilder } from '../record/record-batch-builder.js';
import { decodeBatch } from '../record/record-batch-reader.js';
import type { Broker } from './broker.js';

const READ_LIMITS = { partitionMaxBytes: 8_388_608, maxBytes: 8_388_608 };
/** A log of more records than this is begun anew with a snapshot, so that loading stays short. */
const LONGEST_LOG = 5_000n;
const ENTRIES_PER_PART = 500;

/** One look at all logs that this broker leads; true when one was loaded or begun anew. */
export async function tendGroupLogs(broker: Broker): Promise<boolean> {
  let hasChanged = false;
  const logs = await listLedGroupLogs(broker.database);
  for (const log of logs) {
    if (!log.isLoaded) hasChanged = (await loadGroupLog(broker, log)) || hasChanged;
    else if (log.logEndOffset - log.logStartOffset > LONGEST_LOG)
      hasChanged = (await shorten(broker, log)) || hasChanged;
  }
  return (await adoptGroups(broker, logs)) || hasChanged;
}

async function adoptGroups({ database, clock }: Broker, logs: readonly LedGroupLog[]): Promise<boolean> {
  if (logs.length === 0) return false;
  let isAgainWorthIt = false;
  for (const groupId of await listUnloggedGroups(database)) {
    const place = logs.find(
      ({ partition, partitions, isLoaded }) => isLoaded && partition === offsetsPartitionOf(groupId, partitions),
    );
    if (place === undefined) continue; // Another broker leads its log: that one must be led here until it is taken over.
    const journal = new GroupJournal(
      { placeOf: () => place, untilReplicated: () => Promise.resolve(undefined) },
      clock,
    );
    isAgainWorthIt = !(await adoptGroup(database, journal, groupId, place)) || isAgainWorthIt;
  }
  return isAgainWorthIt;
}

async function loadGroupLog({ database }: Broker, log: LedGroupLog): Promise<boolean> {
  const content = readGroupLog(await readAll(database, log));
  return loadGroups(database, log, log.logEndOffset, content);
}

async function readAll(database: Broker['database'], log: LedGroupLog): Promise<ConsumedMessage[]> {
  const records: ConsumedMessage[] = [];
  for (let from = log.logStartOffset; from < log.logEndOffset;) {
    const request = { partitionId: log.partitionId, fetchOffset: from, leaderEpoch: log.leaderEpoch };
    const [answer] = await read(database, [request], READ_LIMITS, 'follower');
    if (answer === undefined || answer.batches.length === 0) break; // It is led by another now: loading is refused.
    for (const batch of answer.batches) records.push(...recordsOf(batch, from));
    from = offset(answer.batches.at(-1)!.lastOffset + 1n);
  }
  return records;
}

function recordsOf(batch: StoredBatch, fromOffset: Offset): ConsumedMessage[] {
  verifyBatch(batch.bytes);
  return decodeBatch(batch.bytes, { baseOffset: batch.baseOffset, fromOffset });
}

/** Appends a snapshot; when that is on all in-sync replicas, the log begins where it was taken. */
async function shorten(broker: Broker, log: LedGroupLog): Promise<boolean> {
  const { database, clock } = broker;
  const { asOf, content } = await readGroupLogContent(database, log);
  let end = asOf;
  for (const message of snapshotMessages(content, asOf, ENTRIES_PER_PART)) {
    const builder = new RecordBatchBuilder();
    builder.append(message, clock.now());
    const nobody = { producerId: NO_PRODUCER_ID, producerEpoch: -1, baseSequence: -1 };
    const bytes = await builder.build({ compression: 'lz4', ...nobody });
    const batch = { ...log, ...nobody, recordCount: 1, maxTimestamp: clock.now(), bytes };
    const [appended] = await append(database, [batch], { needsIsr: true });
    if (appended?.baseOffset === undefined) return false;
    end = offset(appended.baseOffset + 1n);
  }
  broker.announceReplicatedAppend([log.partitionId]);
  const error = await broker.watermarks.wait({ ...log, requiredOffset: end }, broker.requestTimeout);
  if (error !== undefined) return false;
  return (await advanceLogStart(database, log.partitionId, asOf)).error === undefined;
}
