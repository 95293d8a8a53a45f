import { PostlogError } from '../errors/postlog-error.js';
import { quoted } from './quoted.js';

/**
 * Refuses options with a name that nobody reads: a typo would silently mean the default.
 *
 * @param what whose options these are, as the user wrote it: `producer()`.
 * @throws PostlogError `INVALID_CONFIG` that suggests the nearest name.
 */
export function checkKnownKeys(options: object, known: readonly string[], what: string): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new PostlogError('INVALID_CONFIG', `unknown option ${quoted(name)} of ${what}; ${suggestion(name, known)}`);
  }
}

/** The cure for an unknown name: the one that was probably meant, else all there are. */
export function suggestion(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? `known are ${known.join(', ')}.` : `did you mean "${nearest}"?`;
}

/** Longer names are no typos; comparing them would only cost time. */
const LONGEST_COMPARED = 64;

/** The known name with the fewest edits from this one, if a third of its letters or fewer differ. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST_COMPARED) return undefined;
  let nearest: string | undefined;
  let fewest = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest) {
      fewest = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

/** How many letters must be added, removed, replaced or swapped with their neighbour to turn one word into the other. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      let edits = Math.min(current[column - 1]! + 1, last[column]! + 1, last[column - 1]! + (isSame ? 0 : 1));
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (isSwap) edits = Math.min(edits, beforeLast[column - 2]! + 1);
      current.push(edits);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}
