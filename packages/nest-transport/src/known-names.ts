import { nearestName, PostlogError } from '@postlog/core';

/**
 * Refuses options that nobody reads: a typo would silently mean the default.
 *
 * @param what whose options these are, as the user wrote it: `@Subscribe()`.
 * @throws PostlogError `INVALID_CONFIG` that names the nearest option.
 */
export function checkNames(options: object, known: readonly string[], what: string): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw unknownName(`unknown option "${name}" of ${what}`, name, known);
  }
}

/** What is wrong, and the known name that was probably meant, else all there are. */
export function unknownName(problem: string, name: string, known: readonly string[]): PostlogError {
  const nearest = nearestName(name, known);
  const all = known.length === 0 ? 'there are none.' : `known are ${known.join(', ')}.`;
  return new PostlogError(
    'INVALID_CONFIG',
    `${problem}; ${nearest === undefined ? all : `did you mean "${nearest}"?`}`,
  );
}
