import { parseArgs } from 'node:util';
import { nearestName } from '@postlog/core';

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'run';
      readonly bench: string;
      readonly measures: readonly string[];
      readonly json: string | undefined;
      readonly rounds: number | undefined;
      /** How long a transaction stays open. */
      readonly minutes: number | undefined;
      readonly isQuick: boolean;
    };

/** The command line is wrong; the message says how to mend it. */
export class UsageError extends Error {}

/** Measured together, since what is consumed has to be produced. */
const ALIASES: Readonly<Record<string, string>> = { produce: 'produce-consume', consume: 'produce-consume' };
const MOST_ROUNDS = 100;
const MOST_MINUTES = 60;

/** `benches`: what can be measured, and the measures of each. */
export function parseCommand(args: readonly string[], benches: Readonly<Record<string, readonly string[]>>): Command {
  const { values, positionals } = parse(args);
  if (values.help === true) return { kind: 'help' };
  const [bench = ''] = positionals;
  const measures = Object.hasOwn(benches, bench) ? benches[bench] : undefined;
  if (positionals.length !== 1 || measures === undefined)
    throw new UsageError(`say what to measure: ${Object.keys(benches).join(' or ')}`);
  return {
    kind: 'run',
    bench,
    measures: values.only === undefined ? measures : chosen(values.only, measures),
    json: values.json,
    rounds: values.rounds === undefined ? undefined : roundsOf(values.rounds),
    minutes: values.minutes === undefined ? undefined : minutesOf(values.minutes),
    isQuick: values.quick === true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: 'string' },
        only: { type: 'string' },
        rounds: { type: 'string' },
        minutes: { type: 'string' },
        quick: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** In the order in which they always run. */
function chosen(only: string, measures: readonly string[]): string[] {
  const names = new Set(only.split(',').map((name) => ALIASES[name.trim()] ?? name.trim()));
  for (const name of names) {
    if (measures.includes(name)) continue;
    const known = [...measures, ...Object.keys(ALIASES)];
    throw new UsageError(
      `there is no measure "${name}"; did you mean ${nearestName(name, known) ?? known.join(', ')}?`,
    );
  }
  return measures.filter((name) => names.has(name));
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= MOST_ROUNDS) return rounds;
  throw new UsageError(`--rounds is "${text}"; give a whole number from 1 to ${MOST_ROUNDS}`);
}

function minutesOf(text: string): number {
  const minutes = Number(text);
  if (text.trim() !== '' && minutes > 0 && minutes <= MOST_MINUTES) return minutes;
  throw new UsageError(`--minutes is "${text}"; give a number above 0, of at most ${MOST_MINUTES}`);
}
