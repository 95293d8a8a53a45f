import { isTopic, type AnyTopic } from '../topic/topic.js';

/** One text for a pattern, whatever the order of its keys: `{ cmd: 'sum' }` asks for the same as Nest's own transports do. */
export function patternRoute(pattern: unknown): string {
  if (typeof pattern === 'string') return pattern;
  if (typeof pattern === 'object' && pattern !== null && isTopic(pattern as AnyTopic))
    return (pattern as AnyTopic).name;
  return JSON.stringify(sorted(pattern));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
