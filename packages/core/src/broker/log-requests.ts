import { endOfEpoch } from '../log/leader-epochs.store.js';
import { append, type Appended, type BatchToAppend, type CopyWakeUps } from '../log/append.store.js';
import { advanceLogStart, batchAtTime, logEnds, type LogEnds, type StoredBatch } from '../log/log.store.js';
import type { Database } from '../postgres/database.js';
import type { Offset } from '../record/offset.js';
import type { Broker } from './broker.js';

/** What clients ask of the log of a broker, beside fetches; a broker of specs has its own. */
export interface LogRequests {
  /** `needsIsr`: refuse where fewer replicas are in sync than the topic demands (rule B15). */
  append(batches: readonly BatchToAppend[], needsIsr: boolean): Promise<Appended[]>;
  ends(partitionIds: readonly number[]): Promise<LogEnds[]>;
  /** The first batch from an offset on with a record that is not older than a time. */
  batchAtTime(
    partitionId: number,
    from: Offset,
    timestamp: number,
  ): Promise<Pick<StoredBatch, 'baseOffset' | 'lastOffset' | 'bytes'> | undefined>;
  advanceStart(partitionId: number, to: Offset): ReturnType<typeof advanceLogStart>;
  /** Where an epoch ends here (rule C21), for consumers that validate their position. */
  endOfEpoch(partitionId: number, epoch: number): Promise<{ readonly epoch: number; readonly endOffset: Offset }>;
}

/** What clients need of a broker, whatever keeps its log. */
export type ClientBroker = Pick<
  Broker,
  'brokerId' | 'requestTimeout' | 'deadLetters' | 'fetches' | 'log' | 'watermarks' | 'announceAppend'
>;

/** Followers are woken by what is appended through here. */
export function logRequests(database: Database, wakeUps: CopyWakeUps): LogRequests {
  return {
    append: (batches, needsIsr) => append(database, batches, { needsIsr, wakeUps }),
    ends: (partitionIds) => logEnds(database, partitionIds),
    batchAtTime: (partitionId, from, timestamp) => batchAtTime(database, partitionId, from, timestamp),
    advanceStart: (partitionId, to) => advanceLogStart(database, partitionId, to),
    endOfEpoch: (partitionId, epoch) => endOfEpoch(database, partitionId, epoch),
  };
}
