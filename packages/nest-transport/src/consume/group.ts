import { randomUUID } from 'node:crypto';

/** A group of one process: every process gets every record from now on. Made by `perInstance`. */
export interface PerInstanceGroup {
  /** What its name begins with. */
  readonly perInstance: string | undefined;
}

/**
 * For what every process must hear (a cache to empty, a socket to write to): a group of its own for each, that begins with what
 * comes next and is deleted when the process stops.
 *
 * @param prefix what the group's name begins with [the module's `group`, else `clientId`]
 * @example
 * @Subscribe('prices.changed', { group: perInstance() })
 */
export function perInstance(prefix?: string): PerInstanceGroup {
  return { perInstance: prefix };
}

export function instanceGroupName({ perInstance: prefix }: PerInstanceGroup, fallback: string): string {
  return `${prefix ?? fallback}.${randomUUID()}`;
}
