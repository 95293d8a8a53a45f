import type { Command } from 'commander';
import { attached, type Output } from './attached.js';
import { collect, wholeNumber } from './arguments.js';
import { json } from './json.js';
import { filterTopics, reportTopics, type PartitionFilter } from './topic-report.js';
import { createTopic, type CreateOptions } from './topics.js';

interface Json {
  readonly json?: boolean;
}

export function addTopics(program: Command, output: Output): void {
  const topics = program.command('topics').description('create, list, describe, alter and delete topics');
  topics
    .command('create')
    .description('create a topic')
    .requiredOption('--topic <name>', 'letters, digits, ".", "_" and "-"')
    .option('--partitions <n>', 'number of partitions', wholeNumber, 1)
    .option(
      '--replication-factor <n>',
      'number of copies, at most one a broker [3, or the number of brokers]',
      wholeNumber,
    )
    .option('--config <name=value>', 'a topic setting, may be repeated', collect)
    .option('--json', 'as JSON')
    .action(async (options: CreateOptions & Json) => {
      await attached(program, async (postlog) => {
        await createTopic(postlog, options);
        output.out(options.json === true ? json({ created: options.topic }) : `Created topic ${options.topic}.\n`);
      });
    });
  topics
    .command('list')
    .description('names of all topics')
    .option('--json', 'as JSON')
    .action(async (options: Json) => {
      await attached(program, async (postlog) => {
        const names = await postlog.admin().listTopics();
        output.out(options.json === true ? json(names) : names.map((name) => `${name}\n`).join(''));
      });
    });
  addDescribe(topics, program, output);
  topics
    .command('alter')
    .description('raise the number of partitions; keys may go to other partitions from then on')
    .requiredOption('--topic <name>')
    .requiredOption('--partitions <n>', 'the new number in all', wholeNumber)
    .option('--json', 'as JSON')
    .action(async ({ topic, partitions, ...options }: { topic: string; partitions: number } & Json) => {
      await attached(program, async (postlog) => {
        await postlog.admin().createPartitions({ topicPartitions: [{ topic, count: partitions }] });
        const text = `Topic ${topic} has ${partitions} partitions now.\n`;
        output.out(options.json === true ? json({ topic, partitions }) : text);
      });
    });
  topics
    .command('delete')
    .description('delete a topic and all its records')
    .requiredOption('--topic <name>')
    .requiredOption('--yes', 'really: its records cannot be brought back')
    .option('--json', 'as JSON')
    .action(async ({ topic, ...options }: { topic: string } & Json) => {
      await attached(program, async (postlog) => {
        await postlog.admin().deleteTopics({ topics: [topic] });
        output.out(options.json === true ? json({ deleted: topic }) : `Deleted topic ${topic}.\n`);
      });
    });
}

function addDescribe(topics: Command, program: Command, { out }: Output): void {
  topics
    .command('describe')
    .description('partitions, leaders, replicas and settings; with a filter only the partitions that pass one')
    .option('--topic <name>', 'only this topic')
    .option('--under-replicated-partitions', 'fewer replicas in sync than there are')
    .option('--under-min-isr-partitions', 'fewer in sync than min.insync.replicas: acks=all is refused')
    .option('--at-min-isr-partitions', 'just as many in sync as min.insync.replicas')
    .option('--unavailable-partitions', 'nobody leads them')
    .option('--json', 'as JSON')
    .action(async ({ topic, json: asJson, ...filter }: { topic?: string } & Json & PartitionFilter) => {
      await attached(program, async (postlog) => {
        const wanted = topic === undefined ? {} : { topics: [topic] };
        const { topics: found } = await postlog.admin().fetchTopicMetadata(wanted);
        out(asJson === true ? json(filterTopics(found, filter)) : reportTopics(found, filter));
      });
    });
}
