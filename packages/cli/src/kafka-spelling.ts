import { nearestName } from '@postlog/core';

/** What each noun can be told to do. */
const VERBS: Readonly<Record<string, readonly string[]>> = {
  topics: ['create', 'list', 'describe', 'alter', 'delete'],
  groups: ['list', 'describe', 'delete', 'reset-offsets'],
  brokers: ['list', 'describe', 'add', 'drain'],
};

/** Options that come before the noun, with a value each. */
const GLOBAL = ['--url', '--brokers', '--metadata', '--schema'];

/** Kafka's tools spell what to do as an option (`topics --create --topic event`): here it becomes the word after the noun. */
export function withoutDashes(argv: readonly string[]): string[] {
  let at = 0;
  while (argv[at]?.startsWith('-') === true) at += GLOBAL.includes(argv[at]!) ? 2 : 1;
  const noun = argv[at];
  const verbs = noun === undefined || !Object.hasOwn(VERBS, noun) ? [] : VERBS[noun]!;
  const rest = argv.slice(at + 1);
  if (rest[0]?.startsWith('--') !== true) return [...argv];
  const verb = rest.findIndex((word) => verbs.some((each) => word === `--${each}`));
  if (verb === -1) return [...argv.slice(0, at + 1), ...misspelt(rest, verbs)];
  return [...argv.slice(0, at + 1), rest[verb]!.slice(2), ...rest.slice(0, verb), ...rest.slice(verb + 1)];
}

/** A verb that is nearly right loses its dashes too: then the answer names the right one. */
function misspelt([first = '', ...rest]: readonly string[], verbs: readonly string[]): string[] {
  const isOption = first === '--help' || GLOBAL.includes(first) || nearestName(first.slice(2), verbs) === undefined;
  return [isOption ? first : first.slice(2), ...rest];
}
