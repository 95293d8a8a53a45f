import type { Command } from 'commander';
import { attached, type Output } from './attached.js';
import { collect, wholeNumber } from './arguments.js';
import { createTopic, describeTopic, type CreateOptions } from './topics.js';

export function addTopics(program: Command, { out }: Output): void {
  const topics = program.command('topics').description('create, list, describe and delete topics');
  topics
    .command('create')
    .description('create a topic')
    .requiredOption('--topic <name>', 'letters, digits, ".", "_" and "-"')
    .option('--partitions <n>', 'number of partitions', wholeNumber, 1)
    .option('--replication-factor <n>', 'number of copies, at most one a broker', wholeNumber, 1)
    .option('--config <name=value>', 'a topic setting, may be repeated', collect, [])
    .action(async (options: CreateOptions) => {
      await attached(program, async (postlog) => out(`${await createTopic(postlog, options)}\n`));
    });
  topics
    .command('list')
    .description('names of all topics')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      await attached(program, async (postlog) => {
        const names = await postlog.admin().listTopics();
        out(json === true ? `${JSON.stringify(names)}\n` : names.map((name) => `${name}\n`).join(''));
      });
    });
  topics
    .command('describe')
    .description('partitions, leaders and settings')
    .option('--topic <name>', 'only this topic')
    .option('--json', 'as JSON')
    .action(async ({ topic, json }: { topic?: string; json?: boolean }) => {
      await attached(program, async (postlog) => {
        const { topics: found } = await postlog
          .admin()
          .fetchTopicMetadata(topic === undefined ? {} : { topics: [topic] });
        out(json === true ? `${JSON.stringify(found)}\n` : found.map((each) => `${describeTopic(each)}\n`).join(''));
      });
    });
  topics
    .command('alter')
    .description('raise the number of partitions; keys may go to other partitions from then on')
    .requiredOption('--topic <name>')
    .requiredOption('--partitions <n>', 'the new number in all', wholeNumber)
    .action(async ({ topic, partitions }: { topic: string; partitions: number }) => {
      await attached(program, async (postlog) => {
        await postlog.admin().createPartitions({ topicPartitions: [{ topic, count: partitions }] });
        out(`Topic ${topic} has ${partitions} partitions now.\n`);
      });
    });
  topics
    .command('delete')
    .description('delete a topic and all its records')
    .requiredOption('--topic <name>')
    .requiredOption('--yes', 'really: its records cannot be brought back')
    .action(async ({ topic }: { topic: string }) => {
      await attached(program, async (postlog) => {
        await postlog.admin().deleteTopics({ topics: [topic] });
        out(`Deleted topic ${topic}.\n`);
      });
    });
}
