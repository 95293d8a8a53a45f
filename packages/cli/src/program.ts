import { Command, CommanderError } from 'commander';
import { migrationScript } from '@postlog/core';
import { attached, type Output } from './attached.js';
import { addBroker } from './broker-command.js';
import { addBrokers } from './broker-commands.js';
import { addCluster } from './cluster-command.js';
import type { ConnectionOptions } from './connection.js';
import { addGroups } from './group-commands.js';
import { addDeadLetters } from './dead-letter-commands.js';
import { json } from './json.js';
import { withoutDashes } from './kafka-spelling.js';
import { addParked } from './parked-commands.js';
import { addPartitionCommands } from './partition-commands.js';
import { addPlan } from './plan-command.js';
import { addTopics } from './topic-commands.js';

/** Runs one command line; answers the exit code: 0, 1 when the command failed, 2 when it was not understood. */
export async function runProgram(argv: readonly string[], output: Output): Promise<number> {
  const program = createProgram(output);
  try {
    await program.parseAsync(withoutDashes(argv), { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    output.error(error instanceof Error ? `postlog: ${error.message}\n` : `postlog: ${String(error)}\n`);
    return 1;
  }
}

function createProgram(output: Output): Command {
  const program = new Command('postlog')
    .description('Topics, consumer groups, brokers and schema of Postlog: of one broker, or of a cluster')
    .option('--url <url>', 'one broker: postgres://user:password@host:port/database [DATABASE_URL]')
    .option('--brokers <list>', 'a cluster: 1=postgres://…,2=postgres://… [POSTLOG_BROKERS]')
    .option('--metadata <where>', 'of a cluster: postgres://… or etcd:http://host:2379,… [POSTLOG_METADATA]')
    .option('--schema <name>', 'schema that holds the log', 'postlog')
    .showHelpAfterError('(postlog --help shows what there is)')
    .configureOutput({ writeOut: output.out, writeErr: output.error });
  addTopics(program, output);
  addGroups(program, output);
  addDeadLetters(program, output);
  addParked(program, output);
  addBrokers(program, output);
  addPartitionCommands(program, output);
  addBroker(program, output);
  addCluster(program, output);
  addPlan(program, output);
  addSchema(program, output);
  // Subcommands copy their parent's settings when they are made, so this comes last, for all of them.
  for (const command of [program, ...program.commands, ...program.commands.flatMap((each) => each.commands)]) {
    command.exitOverride().configureOutput({ writeOut: output.out, writeErr: output.error });
  }
  return program;
}

function addSchema(program: Command, { out }: Output): void {
  program
    .command('migrate')
    .description('bring the schema up to date')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const text = 'the schema is up to date\n';
      await attached(program, () => Promise.resolve(out(options.json === true ? json({ migrated: true }) : text)));
    });
  program
    .command('sql')
    .description('print the schema as one SQL script for a DBA; connects to nothing')
    .action(() => out(migrationScript(program.opts<ConnectionOptions>().schema)));
}
