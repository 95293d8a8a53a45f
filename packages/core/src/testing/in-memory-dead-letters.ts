import type { DeadLetterRequests } from '../broker/dead-letter-requests.js';
import type { Offset } from '../record/offset.js';

/** Which dead letters of a log in memory are dealt with. */
export function inMemoryDeadLetters(): DeadLetterRequests {
  const handled = new Map<number, Set<Offset>>();
  return {
    handledOffsets: (partitionId) => Promise.resolve(new Set(handled.get(partitionId))),
    noteHandled: (letters) => {
      for (const { partitionId, offset } of letters)
        handled.set(partitionId, (handled.get(partitionId) ?? new Set()).add(offset));
      return Promise.resolve();
    },
    // Without transactions letters are sent and then noted.
    requeue: () => Promise.reject(new Error('a log in memory has no transactions')),
    forgetHandled: (partitionId, logStart) => {
      for (const offset of handled.get(partitionId) ?? [])
        if (offset < logStart) handled.get(partitionId)!.delete(offset);
      return Promise.resolve();
    },
  };
}
