import type { Command } from 'commander';
import { PostlogError, type ChosenDeadLetters, type DeadLetter, type DeadLetterFilter } from '@postlog/core';
import { collect, readTime, wholeNumber } from './arguments.js';
import { attached, type Output } from './attached.js';
import { json } from './json.js';
import { bytes, table } from './table.js';

interface FilterOptions {
  readonly topic: string;
  readonly group: string;
  readonly id?: string[];
  readonly partition?: number;
  readonly key?: string;
  readonly errorName?: string;
  readonly handlerId?: string;
  readonly from?: number;
  readonly until?: number;
  readonly json?: boolean;
}

interface ListOptions extends FilterOptions {
  readonly limit?: number;
  readonly after?: string;
  readonly values?: boolean;
}

type ChosenOptions = FilterOptions & { readonly all?: boolean };

export function addDeadLetters(program: Command, { out }: Output): void {
  const letters = program
    .command('dead-letters')
    .description('list, requeue and purge the records that a group could not handle');
  filtered(letters.command('list'))
    .description('what failed, where and why; without values, which may be private')
    .option('--limit <n>', 'most that are listed [100]', wholeNumber)
    .option('--after <id>', 'go on behind this one')
    .option('--values', 'with --json: values too')
    .action(async (options: ListOptions) => {
      const { limit, after, values = false } = options;
      const page = { ...(limit === undefined ? {} : { limit }), ...(after === undefined ? {} : { after }) };
      await attached(program, async (postlog) => {
        const found = await postlog.deadLetters(ofGroup(options)).list({ ...filterOf(options), ...page });
        out(options.json === true ? json(found.map((letter) => plain(letter, values))) : asTable(found));
      });
    });
  filtered(letters.command('requeue'))
    .description('send them back to the topic and partition that they came from')
    .option('--all', 'all of them')
    .action(async (options: ChosenOptions) => {
      const chosen = chosenOf(options);
      await attached(program, async (postlog) => {
        const { requeued } = await postlog.deadLetters(ofGroup(options)).requeue(chosen);
        out(options.json === true ? json({ requeued }) : `Requeued ${requeued} of ${options.topic}.\n`);
      });
    });
  filtered(letters.command('purge'))
    .description('remove them for good')
    .option('--all', 'all of them')
    .requiredOption('--yes', 'really: nothing of them is kept')
    .action(async (options: ChosenOptions) => {
      const chosen = chosenOf(options);
      await attached(program, async (postlog) => {
        const { purged } = await postlog.deadLetters(ofGroup(options)).purge(chosen);
        out(options.json === true ? json({ purged }) : `Purged ${purged} of ${options.topic}.\n`);
      });
    });
}

function filtered(command: Command): Command {
  return command
    .requiredOption('--topic <name>', 'that the records came from')
    .requiredOption('--group <id>')
    .option('--id <id>', 'this one, as list names it; may be repeated', collect)
    .option('--partition <n>', 'those that came from it', wholeNumber)
    .option('--key <text>', 'those of a key')
    .option('--error-name <name>', 'those that failed so, such as NonRetriableError')
    .option('--handler-id <id>', 'those of a handler')
    .option('--from <time>', 'those that failed then or later, such as 2026-01-31T08:00:00Z', readTime)
    .option('--until <time>', 'those that failed before then', readTime)
    .option('--json', 'as JSON');
}

function ofGroup({ topic, group }: FilterOptions): { topic: string; groupId: string } {
  return { topic, groupId: group };
}

function filterOf({ id, partition, key, errorName, handlerId, from, until }: FilterOptions): DeadLetterFilter {
  const given = { ids: id, partition, key, errorName, handlerId, from, until };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Not all by leaving a word out. */
function chosenOf(options: ChosenOptions): ChosenDeadLetters {
  const filter = filterOf(options);
  const isEmpty = Object.keys(filter).length === 0;
  if ((options.all === true) !== isEmpty)
    throw new PostlogError('INVALID_CONFIG', 'say which: --id, --partition, --key, --error-name, …, or --all.');
  return options.all === true ? { all: true } : filter;
}

function asTable(letters: readonly DeadLetter[]): string {
  return table(
    ['ID', 'TOPIC', 'PARTITION', 'OFFSET', 'KEY', 'ATTEMPTS', 'FAILED-AT', 'ERROR', 'MESSAGE'],
    letters.map(({ id, topic, partition, offset, key, attempts, failedAt, errorName, errorMessage }) => {
      const when = new Date(Number(failedAt)).toISOString();
      return [id, topic, partition, offset, key?.toString() ?? '-', attempts, when, errorName, errorMessage];
    }),
  );
}

function plain({ key, value, headers: _headers, ...letter }: DeadLetter, withValue: boolean): object {
  return { ...letter, key: bytes(key), ...(withValue ? { value: bytes(value) } : {}) };
}
