import type { Command } from 'commander';
import { PostlogError, type Admin } from '@postlog/core';
import { readList, wholeNumber } from './arguments.js';
import { attached, type Output } from './attached.js';
import { json } from './json.js';
import { fields } from './table.js';

interface Json {
  readonly json?: boolean;
}

interface ElectOptions extends Json {
  readonly preferred?: boolean;
  readonly unclean?: boolean;
  readonly yes?: boolean;
  readonly topic?: string;
  readonly partition?: number;
}

interface ReassignOptions extends Json {
  readonly list?: boolean;
  readonly cancel?: boolean;
  readonly topic?: string;
  readonly partition?: number;
  readonly replicas?: number[];
}

/** Who leads partitions, and who keeps them. */
export function addPartitionCommands(program: Command, output: Output): void {
  program
    .command('leaders')
    .description('elect leaders of partitions')
    .command('elect')
    .description('make the first replica in sync the leader again; or, where none is in sync, one that lacks records')
    .option('--preferred', 'the first of its replicas, where that is in sync')
    .option('--unclean', 'any replica that is alive: records that were acknowledged are lost if it lacks them')
    .option('--topic <name>', 'only of this topic')
    .option('--partition <n>', 'only this partition of the topic', wholeNumber)
    .option('--yes', 'really, with --unclean')
    .option('--json', 'as JSON')
    .action(async (options: ElectOptions) => {
      const type = electionType(options);
      await attached(program, async (postlog) => output.out(await elect(postlog.admin(), type, options)));
    });
  program
    .command('reassign')
    .description('move partitions to other brokers: new replicas are added, catch up, then the old ones go')
    .option('--topic <name>')
    .option('--partition <n>', 'of the topic', wholeNumber)
    .option('--replicas <id,…>', 'the brokers that shall have it, the preferred leader first', readList)
    .option('--list', 'show what is being moved')
    .option('--cancel', 'give up moving this partition')
    .option('--json', 'as JSON')
    .action(async (options: ReassignOptions) => {
      checkReassign(options);
      await attached(program, async (postlog) => output.out(await reassign(postlog.admin(), options)));
    });
}

function electionType({ preferred, unclean, yes }: ElectOptions): 'preferred' | 'unclean' {
  if ((preferred === true) === (unclean === true)) throw invalid('give --preferred or --unclean.');
  if (unclean === true && yes !== true)
    throw invalid(
      '--unclean may lose records that were acknowledged; add --yes if the replicas in sync will not come back.',
    );
  return unclean === true ? 'unclean' : 'preferred';
}

async function elect(admin: Admin, type: 'preferred' | 'unclean', options: ElectOptions): Promise<string> {
  const { topic, partition } = options;
  if (partition !== undefined && topic === undefined) throw invalid('--partition goes with --topic.');
  if (type === 'unclean' && topic === undefined)
    throw invalid(
      'an unclean election is held for one topic at a time; give --topic, and --partition if it is for one only.',
    );
  const elections = await admin.electLeaders({
    electionType: type,
    ...(topic === undefined
      ? {}
      : { topicPartitions: [{ topic, ...(partition === undefined ? {} : { partitions: [partition] }) }] }),
  });
  if (options.json === true) return json(elections);
  const changed = elections.filter(({ error }) => error === null);
  const failed = elections.filter(({ error }) => error !== null && error !== 'ELECTION_NOT_NEEDED');
  return [
    ...changed.map((each) => `${each.topic}-${each.partition} is led by broker ${each.leader} now.\n`),
    ...failed.map((each) => `${each.topic}-${each.partition} has no new leader: ${each.error}.\n`),
    ...(changed.length + failed.length === 0 ? ['No election was needed.\n'] : []),
  ].join('');
}

function checkReassign({ list, cancel, topic, partition, replicas }: ReassignOptions): void {
  if (list === true) return;
  if (topic === undefined || partition === undefined)
    throw invalid('give --topic and --partition, with --replicas or --cancel; --list shows what is being moved.');
  if ((replicas === undefined) === (cancel !== true)) throw invalid('give --replicas, such as 1,2,3, or --cancel.');
}

async function reassign(admin: Admin, options: ReassignOptions): Promise<string> {
  const { list, topic = '', partition = 0, replicas } = options;
  if (list === true) return listMoves(admin, options);
  await admin.alterPartitionReassignments({
    topics: [{ topic, partitionAssignment: [{ partition, replicas: replicas ?? null }] }],
  });
  if (options.json === true) return json({ topic, partition, replicas: replicas ?? null });
  if (replicas === undefined) return `${topic}-${partition} stays where it was.\n`;
  return `${topic}-${partition} moves to brokers ${replicas.join(', ')}; "postlog reassign --list" shows how far it is.\n`;
}

async function listMoves(admin: Admin, { json: asJson, topic }: ReassignOptions): Promise<string> {
  const { topics } = await admin.listPartitionReassignments(topic === undefined ? {} : { topics: [{ topic }] });
  if (asJson === true) return json(topics);
  const lines = topics.flatMap((each) =>
    each.partitions.map((partition) =>
      fields([
        ['Topic', each.topic],
        ['Partition', partition.partitionIndex],
        ['Replicas', partition.replicas.join(',')],
        ['Adding Replicas', partition.addingReplicas.join(',')],
        ['Removing Replicas', partition.removingReplicas.join(',')],
      ]),
    ),
  );
  return lines.length === 0 ? 'Nothing is being moved.\n' : lines.map((line) => `${line}\n`).join('');
}

function invalid(cure: string): PostlogError {
  return new PostlogError('INVALID_CONFIG', cure);
}
