import type { Database } from '../postgres/database.js';
import { sequence } from './outbox.store.js';
import type { SequencedLog } from './sequencer.js';

/** The log in the outbox's own database: one call appends and moves the mark. */
export function ownLog(database: Database): SequencedLog {
  return { append: (fence, next, rounds) => sequence(database, fence, next, rounds) };
}
