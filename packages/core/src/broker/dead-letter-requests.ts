import {
  forgetHandled,
  handledOffsets,
  noteHandled,
  requeueDeadLetters,
  type DeadLetterPlace,
  type RequeuedBatch,
} from '../delivery/dead-letter.store.js';
import type { Database } from '../postgres/database.js';
import type { Offset } from '../record/offset.js';

/** What clients ask of a broker about dead letters in its log: which of them are dealt with. */
export interface DeadLetterRequests {
  handledOffsets(partitionId: number): Promise<ReadonlySet<Offset>>;
  noteHandled(letters: readonly DeadLetterPlace[]): Promise<void>;
  /** Where the broker is alone: appends records again and notes their dead letters as handled, both or neither. */
  requeue(letters: readonly DeadLetterPlace[], batches: readonly RequeuedBatch[]): Promise<void>;
  /** What is before the log start needs no note. */
  forgetHandled(partitionId: number, logStart: Offset): Promise<void>;
}

export function deadLetterRequests(database: Database): DeadLetterRequests {
  return {
    handledOffsets: (partitionId) => handledOffsets(database, partitionId),
    noteHandled: (letters) => noteHandled(database, letters),
    requeue: (letters, batches) => requeueDeadLetters(database, letters, batches),
    forgetHandled: (partitionId, logStart) => forgetHandled(database, partitionId, logStart),
  };
}
