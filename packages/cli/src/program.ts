import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { connect, migrationScript, PostlogError, type Postlog } from '@postlog/core';
import { createTopic, describeTopic } from './topics.js';

export interface Output {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

interface Connection {
  readonly url?: string;
  readonly schema: string;
}

/** Runs one command line; answers the exit code: 0, 1 when the command failed, 2 when it was not understood. */
export async function runProgram(argv: readonly string[], output: Output): Promise<number> {
  const program = createProgram(output);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    output.error(error instanceof Error ? `postlog: ${error.message}\n` : `postlog: ${String(error)}\n`);
    return 1;
  }
}

function createProgram(output: Output): Command {
  const program = new Command('postlog')
    .description('Topics and schema of a Postlog broker')
    .option('--url <url>', 'postgres://user:password@host:port/database [DATABASE_URL]')
    .option('--schema <name>', 'schema that holds the log', 'postlog')
    .showHelpAfterError('(postlog --help shows what there is)')
    .configureOutput({ writeOut: output.out, writeErr: output.error });
  addTopics(program, output);
  addSchema(program, output);
  // Subcommands copy their parent's settings when they are made, so this comes last, for all of them.
  for (const command of [program, ...program.commands, ...program.commands.flatMap((each) => each.commands)]) {
    command.exitOverride().configureOutput({ writeOut: output.out, writeErr: output.error });
  }
  return program;
}

function addTopics(program: Command, { out }: Output): void {
  const topics = program.command('topics').description('create, list, describe and delete topics');
  topics
    .command('create')
    .description('create a topic')
    .requiredOption('--topic <name>', 'letters, digits, ".", "_" and "-"')
    .option('--partitions <n>', 'number of partitions', wholeNumber, 1)
    .option('--replication-factor <n>', 'number of copies, at most one a broker', wholeNumber, 1)
    .option('--config <name=value>', 'a topic setting, may be repeated', collect, [])
    .action(async (options: { topic: string; partitions: number; replicationFactor: number; config: string[] }) => {
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

function addSchema(program: Command, { out }: Output): void {
  program
    .command('migrate')
    .description('bring the schema up to date')
    .action(async () => {
      await attached(program, () => Promise.resolve(out('the schema is up to date\n')));
    });
  program
    .command('sql')
    .description('print the schema as one SQL script for a DBA; connects to nothing')
    .action(() => out(migrationScript(program.opts<Connection>().schema)));
}

async function attached(program: Command, work: (postlog: Postlog) => Promise<void>): Promise<void> {
  const { url = process.env['DATABASE_URL'], schema } = program.opts<Connection>();
  if (url === undefined || url === '') throw new PostlogError('INVALID_CONFIG', 'give --url or set DATABASE_URL.');
  const postlog = await connect({ url, schema, services: false, clientId: 'postlog-cli' });
  try {
    await work(postlog);
  } finally {
    await postlog.close();
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}

function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}
