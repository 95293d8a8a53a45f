import type { Command } from 'commander';
import { PostlogError, type ChosenParked, type ParkedRecord } from '@postlog/core';
import { wholeNumber } from './arguments.js';
import { attached, type Output } from './attached.js';
import { json } from './json.js';
import { bytes, table } from './table.js';

interface ParkedOptions {
  readonly topic: string;
  readonly group: string;
  readonly json?: boolean;
}

interface ChosenOptions extends ParkedOptions {
  readonly key?: string;
  readonly partition?: number;
  readonly offset?: string;
  readonly all?: boolean;
}

export function addParked(program: Command, { out }: Output): void {
  const parked = program
    .command('parked')
    .description('list, release and discard the records of keys that a group has parked');
  ofGroup(parked.command('list'))
    .description('what waits, since when, and why')
    .action(async ({ topic, group, ...options }: ParkedOptions) => {
      await attached(program, async (postlog) => {
        const found = await postlog.parkedKeys({ topic, groupId: group }).list();
        out(options.json === true ? json(found.map((each) => ({ ...each, key: bytes(each.key) }))) : asTable(found));
      });
    });
  chosen(parked.command('release'))
    .description('have the first record of each of these keys handled now')
    .action(async ({ topic, group, ...options }: ChosenOptions) => {
      const which = chosenOf(options);
      await attached(program, async (postlog) => {
        const { released } = await postlog.parkedKeys({ topic, groupId: group }).release(which);
        out(options.json === true ? json({ released }) : `Released ${released} of ${topic}.\n`);
      });
    });
  chosen(parked.command('discard'))
    .description('have records become dead letters; what waited for them goes on')
    .action(async ({ topic, group, ...options }: ChosenOptions) => {
      const which = chosenOf(options);
      await attached(program, async (postlog) => {
        const { discarded } = await postlog.parkedKeys({ topic, groupId: group }).discard(which);
        out(options.json === true ? json({ discarded }) : `Discarded ${discarded} of ${topic}.\n`);
      });
    });
}

function ofGroup(command: Command): Command {
  return command.requiredOption('--topic <name>').requiredOption('--group <id>').option('--json', 'as JSON');
}

function chosen(command: Command): Command {
  return ofGroup(command)
    .option('--key <text>', 'those of a key')
    .option('--partition <n>', 'the one there, with --offset', wholeNumber)
    .option('--offset <n>', 'the one there, with --partition')
    .option('--all', 'all of them');
}

/** Not all by leaving a word out. */
function chosenOf({ key, partition, offset, all }: Omit<ChosenOptions, keyof ParkedOptions>): ChosenParked {
  const isPlace = partition !== undefined && offset !== undefined;
  const ways = [key !== undefined, partition !== undefined || offset !== undefined, all === true];
  if (ways.filter((way) => way).length === 1) {
    if (key !== undefined) return { key };
    if (all === true) return { all: true };
    if (isPlace) return { partition, offset };
  }
  throw new PostlogError('INVALID_CONFIG', 'say which: --key, or --partition with --offset, or --all.');
}

function asTable(records: readonly ParkedRecord[]): string {
  return table(
    ['PARTITION', 'OFFSET', 'KEY', 'ATTEMPTS', 'PARKED-AT', 'DUE-IN-MS', 'ERROR', 'MESSAGE'],
    records.map(({ partition, offset, key, attempts, parkedAt, dueInMs, errorName, errorMessage }) => {
      const when = new Date(Number(parkedAt)).toISOString();
      return [partition, offset, key.toString(), attempts, when, dueInMs, errorName ?? '-', errorMessage ?? '-'];
    }),
  );
}
