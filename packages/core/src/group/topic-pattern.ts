import { createContext, Script } from 'node:vm';
import { PostlogError } from '../errors/postlog-error.js';

/** How long one pattern may look at all topics; a pattern that backtracks without end is stopped then (S16). */
const LONGEST_MATCH_MS = 100;
const LONGEST_PATTERN = 1_000;
/** Without meaning for a single look at a name: they only move where the next look begins. */
const STATEFUL_FLAGS = /[gy]/g;

const MATCH = new Script(`
  const matches = new RegExp(source, flags);
  JSON.stringify(JSON.parse(topics).filter((topic) => matches.test(topic)));
`);

/** A regular expression as text that every process reads alike. @throws PostlogError `INVALID_REGULAR_EXPRESSION` */
export function writeTopicPattern(pattern: RegExp): string {
  const text = `/${pattern.source}/${pattern.flags.replace(STATEFUL_FLAGS, '')}`;
  if (text.length <= LONGEST_PATTERN) return text;
  throw refused(`the topic pattern has ${text.length} characters; ${LONGEST_PATTERN} are allowed`);
}

/**
 * The topics that a pattern matches, internal ones (`__…`) never.
 *
 * @throws PostlogError `INVALID_REGULAR_EXPRESSION` when it cannot be read, or takes too long.
 */
export function matchTopics(pattern: string, topics: readonly string[]): string[] {
  const end = pattern.lastIndexOf('/');
  const [source, flags] = [pattern.slice(1, end), pattern.slice(end + 1)];
  const candidates = topics.filter((topic) => !topic.startsWith('__'));
  const context = createContext({ source, flags, topics: JSON.stringify(candidates) });
  try {
    return JSON.parse(MATCH.runInContext(context, { timeout: LONGEST_MATCH_MS }) as string) as string[];
  } catch (error) {
    const isLate = (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    throw refused(
      isLate
        ? `the topic pattern ${pattern} took longer than ${LONGEST_MATCH_MS} ms to look at ${candidates.length} topics; write it without nested repetition`
        : `the topic pattern ${pattern} cannot be read; write a JavaScript regular expression`,
      error,
    );
  }
}

function refused(detail: string, cause?: unknown): PostlogError {
  return new PostlogError('INVALID_REGULAR_EXPRESSION', `${detail}.`, cause === undefined ? {} : { cause });
}
