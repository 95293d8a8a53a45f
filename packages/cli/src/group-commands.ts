import type { Command } from 'commander';
import { PostlogError, type ResetOffsets } from '@postlog/core';
import { readList, readTime, signedNumber, wholeNumber } from './arguments.js';
import { attached, type Output } from './attached.js';
import { json } from './json.js';
import { describeMembers, describeOffsets, describeReset, describeState } from './groups.js';

interface Json {
  readonly json?: boolean;
}

interface ResetOptions extends Json {
  readonly group: string;
  readonly topic: string;
  readonly partitions?: number[];
  readonly toEarliest?: boolean;
  readonly toLatest?: boolean;
  readonly toOffset?: number;
  readonly toDatetime?: number;
  readonly shiftBy?: number;
  readonly execute?: boolean;
}

export function addGroups(program: Command, { out }: Output): void {
  const groups = program
    .command('groups')
    .description('list, describe and delete consumer groups, reset their offsets');
  groups
    .command('list')
    .description('ids and states of all groups')
    .option('--json', 'as JSON')
    .action(async (options: Json) => {
      await attached(program, async (postlog) => {
        const { groups: found } = await postlog.admin().listGroups();
        const lines = found.map(({ groupId, state }) => `${groupId}\t${state}\n`);
        out(options.json === true ? json(found) : lines.join(''));
      });
    });
  groups
    .command('describe')
    .description('how far a group is in each partition, and who owns it')
    .requiredOption('--group <id>')
    .option('--members', 'its members instead: what each owns and awaits')
    .option('--state', 'its state and epochs instead')
    .option('--json', 'everything, as JSON')
    .action(async (options: { group: string; members?: boolean; state?: boolean } & Json) => {
      await attached(program, async (postlog) => {
        const admin = postlog.admin();
        const [group] = (await admin.describeGroups([options.group])).groups;
        if (group === undefined || group.state === 'Dead')
          throw new PostlogError(
            'GROUP_ID_NOT_FOUND',
            `group ${options.group} does not exist; "postlog groups list" shows those that do.`,
          );
        if (options.json === true) {
          const offsets = await admin.fetchOffsets({ groupId: options.group });
          out(json({ ...group, offsets }));
        } else if (options.state === true) out(describeState(group));
        else if (options.members === true) out(describeMembers(group));
        else out(await describeOffsets(admin, group));
      });
    });
  groups
    .command('delete')
    .description('delete a group without members, with its offsets')
    .requiredOption('--group <id>')
    .requiredOption('--yes', 'really: it would begin anew')
    .option('--json', 'as JSON')
    .action(async ({ group, ...options }: { group: string } & Json) => {
      await attached(program, async (postlog) => {
        await postlog.admin().deleteGroups([group]);
        out(options.json === true ? json({ deleted: group }) : `Deleted group ${group}.\n`);
      });
    });
  groups
    .command('reset-offsets')
    .description('say where a group without members shall go on; with --execute, do it')
    .requiredOption('--group <id>')
    .requiredOption('--topic <name>')
    .option('--partitions <n,…>', 'only these', readList)
    .option('--to-earliest', 'the first record that is kept')
    .option('--to-latest', 'what comes next')
    .option('--to-offset <n>', 'this offset', wholeNumber)
    .option('--to-datetime <time>', 'the first record not older than, such as 2026-01-31T08:00:00Z', readTime)
    .option('--shift-by <n>', 'so many records on, or back (-n)', signedNumber)
    .option('--execute', 'do it')
    .option('--json', 'as JSON')
    .action(async (options: ResetOptions) => {
      const target = readTarget(options);
      await attached(program, async (postlog) => {
        const { group: groupId, topic, partitions, execute = false } = options;
        const moved = await postlog.admin().resetOffsets({
          groupId,
          topic,
          validateOnly: !execute,
          ...target,
          ...(partitions === undefined ? {} : { partitions }),
        });
        out(options.json === true ? json(moved) : describeReset(groupId, topic, moved));
        if (!execute && options.json !== true) out('Nothing was changed; --execute does it.\n');
      });
    });
}

/** Unlike `resetOffsets`, which follows KafkaJS, the command has no default: offsets are not reset by leaving a word out. */
function readTarget(options: ResetOptions): Partial<ResetOffsets> {
  const { toEarliest, toLatest, toOffset, toDatetime, shiftBy } = options;
  const targets: Partial<ResetOffsets>[] = [];
  if (toEarliest === true) targets.push({ earliest: true });
  if (toLatest === true) targets.push({ earliest: false });
  if (toOffset !== undefined) targets.push({ offset: String(toOffset) });
  if (toDatetime !== undefined) targets.push({ timestamp: toDatetime });
  if (shiftBy !== undefined) targets.push({ shiftBy });
  const [target] = targets;
  if (target !== undefined && targets.length === 1) return target;
  throw new PostlogError(
    'INVALID_CONFIG',
    'give one of --to-earliest, --to-latest, --to-offset, --to-datetime, --shift-by.',
  );
}
