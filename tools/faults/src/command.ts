import { parseArgs } from 'node:util';
import { nearestName } from '@postlog/core';

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'zombie' }
  | {
      readonly kind: 'groups';
      readonly minutes: number;
      readonly seed: number;
      readonly processes: number;
      readonly partitions: number;
      readonly plant: string | undefined;
    };

/** The command line is wrong; the message says how to mend it. */
export class UsageError extends Error {}

const RUNS = ['groups', 'zombie'];

/** `plants`: names of the faults that can be planted; `chance`: a seed when none is given. */
export function parseCommand(args: readonly string[], plants: readonly string[], chance: () => number): Command {
  const { values, positionals } = parse(args);
  if (values.help === true) return { kind: 'help' };
  const [run = '', ...more] = positionals;
  if (more.length > 0 || !RUNS.includes(run)) {
    throw new UsageError(`say what to run: ${nearestName(run, RUNS) ?? RUNS.join(' or ')}`);
  }
  if (run === 'zombie') return { kind: 'zombie' };
  const { plant } = values;
  if (plant !== undefined && !plants.includes(plant)) {
    throw new UsageError(
      `nothing can be planted as "${plant}"; did you mean ${nearestName(plant, plants) ?? plants.join(', ')}?`,
    );
  }
  return {
    kind: 'groups',
    minutes: number('minutes', values.minutes, { least: 0.05, most: 600, fallback: 3 }),
    seed: number('seed', values.seed, { least: 0, most: 2 ** 32 - 1, fallback: Math.floor(chance() * 1e6) }),
    processes: number('processes', values.processes, { least: 3, most: 64, fallback: 8 }),
    partitions: number('partitions', values.partitions, { least: 1, most: 1_000, fallback: 12 }),
    plant,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: text,
        seed: text,
        processes: text,
        partitions: text,
        plant: text,
        help: { type: 'boolean', short: 'h' },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function number(
  name: string,
  text: string | undefined,
  { least, most, fallback }: { readonly least: number; readonly most: number; readonly fallback: number },
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  const isWhole = name === 'minutes' || Number.isInteger(value);
  if (text.trim() !== '' && isWhole && value >= least && value <= most) return value;
  throw new UsageError(
    `--${name} is "${text}"; give a ${name === 'minutes' ? '' : 'whole '}number from ${least} to ${most}`,
  );
}
