import { parseArgs } from 'node:util';
import { nearestName } from '@postlog/core';

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'zombie' }
  | {
      readonly kind: 'simulation';
      /** The first, and how many. */
      readonly seed: number;
      readonly seeds: number;
      readonly plant: string | undefined;
    }
  | {
      readonly kind: 'groups';
      readonly minutes: number;
      readonly seed: number;
      readonly processes: number;
      readonly partitions: number;
      readonly plant: string | undefined;
    }
  | {
      readonly kind: 'transactions';
      /** On three brokers, whose leaders are killed. */
      readonly isCluster: boolean;
      readonly minutes: number;
      readonly seed: number;
      readonly processes: number;
      readonly plant: string | undefined;
      readonly keep: boolean;
    }
  | {
      readonly kind: 'cluster';
      readonly minutes: number;
      readonly seed: number;
      readonly metadata: 'postgres' | 'etcd';
      /** Faults at fixed times instead of random ones. */
      readonly script: string | undefined;
      readonly plant: string | undefined;
      readonly keep: boolean;
    };

/** What can be named on the command line. */
export interface Names {
  /** Faults that can be planted, by run. */
  readonly plants: Readonly<
    Record<'groups' | 'transactions' | 'transactionsOfACluster' | 'cluster' | 'simulation', readonly string[]>
  >;
  readonly scripts: readonly string[];
}

/** The command line is wrong; the message says how to mend it. */
export class UsageError extends Error {}

const RUNS = ['groups', 'zombie', 'transactions', 'cluster', 'simulation'];
/** Every planted fault of the run, one after the other. */
export const ALL_PLANTS = 'all';
const METADATA = ['postgres', 'etcd'] as const;

/** `chance`: a seed when none is given. */
export function parseCommand(args: readonly string[], names: Names, chance: () => number): Command {
  const { values, positionals } = parse(args);
  if (values.help === true) return { kind: 'help' };
  const [run = '', ...more] = positionals;
  if (more.length > 0 || !RUNS.includes(run)) {
    throw new UsageError(`say what to run: ${nearestName(run, RUNS) ?? RUNS.join(' or ')}`);
  }
  if (run === 'zombie') return { kind: 'zombie' };
  if (run === 'simulation') {
    return {
      kind: 'simulation',
      seed: number('seed', values.seed, { least: 1, most: 2 ** 32 - 1, fallback: 1 }),
      seeds: number('seeds', values.seeds, { least: 1, most: 1e9, fallback: 2_000 }),
      plant: known('plant', values.plant, names.plants.simulation),
    };
  }
  if (values.cluster === true && run !== 'transactions')
    throw new UsageError('--cluster goes with transactions; the run called cluster has a cluster anyway');
  const shared = {
    minutes: number('minutes', values.minutes, { least: 0.05, most: 600, fallback: 3 }),
    seed: number('seed', values.seed, { least: 0, most: 2 ** 32 - 1, fallback: Math.floor(chance() * 1e6) }),
  };
  if (run === 'cluster') {
    return {
      kind: 'cluster',
      ...shared,
      metadata: metadataOf(values.metadata ?? 'postgres'),
      script: known('script', values.script, names.scripts),
      plant: known('plant', values.plant, [...names.plants.cluster, ALL_PLANTS]),
      keep: values.keep === true,
    };
  }
  if (run === 'transactions') {
    return {
      kind: 'transactions',
      ...shared,
      isCluster: values.cluster === true,
      processes: number('processes', values.processes, {
        least: 3,
        most: 64,
        fallback: values.cluster === true ? 3 : 6,
      }),
      plant: known(
        'plant',
        values.plant,
        values.cluster === true ? names.plants.transactionsOfACluster : names.plants.transactions,
      ),
      keep: values.keep === true,
    };
  }
  return {
    kind: 'groups',
    ...shared,
    processes: number('processes', values.processes, { least: 3, most: 64, fallback: 8 }),
    partitions: number('partitions', values.partitions, { least: 1, most: 1_000, fallback: 12 }),
    plant: known('plant', values.plant, names.plants.groups),
  };
}

function known(option: 'plant' | 'script', name: string | undefined, names: readonly string[]): string | undefined {
  if (name === undefined || names.includes(name)) return name;
  throw new UsageError(
    `there is no ${option} "${name}" in this run; did you mean ${nearestName(name, names) ?? names.join(', ')}?`,
  );
}

function metadataOf(name: string): 'postgres' | 'etcd' {
  const found = METADATA.find((each) => each === name);
  if (found !== undefined) return found;
  throw new UsageError(`--metadata is "${name}"; give postgres or etcd`);
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: text,
        seed: text,
        seeds: text,
        processes: text,
        partitions: text,
        plant: text,
        metadata: text,
        script: text,
        cluster: { type: 'boolean' },
        keep: { type: 'boolean' },
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
