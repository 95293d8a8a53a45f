/**
 * The rooms of core, in the one order that imports follow: a file may import its own room and rooms to its left.
 * The lint file is built from this list (`lint-config.ts`).
 */
export const ROOMS = [
  'errors',
  'record',
  'runtime',
  'postgres',
  'log',
  'metadata',
  'cluster',
  'replication',
  'group',
  'outbox',
  'delivery',
  'broker',
  'client',
] as const;

export type Room = (typeof ROOMS)[number];

/** May import every room; no room may import it. */
export const TESTING_ROOM = 'testing';
