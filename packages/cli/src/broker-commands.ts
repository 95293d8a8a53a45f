import type { Command } from 'commander';
import { foundCluster, PostlogError, type Admin } from '@postlog/core';
import { wholeNumber } from './arguments.js';
import { attached, type Output } from './attached.js';
import { foundingOf, type ConnectionOptions } from './connection.js';
import { brokersOf, describeBrokers, listBrokers, type BrokerReport } from './broker-report.js';
import { json } from './json.js';

interface Json {
  readonly json?: boolean;
}

export function addBrokers(program: Command, { out }: Output): void {
  const brokers = program.command('brokers').description('list, describe and drain the brokers of a cluster');
  brokers
    .command('list')
    .description('numbers, states and addresses of all brokers')
    .option('--json', 'as JSON')
    .action(async (options: Json) => {
      await attached(program, async (postlog) => {
        const found = await brokersOf(postlog.admin());
        out(options.json === true ? json(found) : listBrokers(found));
      });
    });
  brokers
    .command('describe')
    .description('what each broker has: partitions that it leads, replicas, how many of them are in sync')
    .option('--id <n>', 'only this broker', wholeNumber)
    .option('--json', 'as JSON')
    .action(async ({ id, ...options }: { id?: number } & Json) => {
      await attached(program, async (postlog) => {
        const found = await brokersOf(postlog.admin());
        const wanted = id === undefined ? found : [theBroker(found, id)];
        out(options.json === true ? json(wanted) : describeBrokers(wanted));
      });
    });
  brokers
    .command('add')
    .description(
      'make a broker that was alone (--url) the first of a cluster (--metadata): topics, records, offsets and groups are kept',
    )
    .option('--id <n>', 'the number that it gets', wholeNumber, 1)
    .option('--json', 'as JSON')
    .action(async ({ id, ...options }: { id: number } & Json) => {
      const topics = await foundCluster({ id, ...foundingOf(program.opts<ConnectionOptions>(), process.env) });
      out(options.json === true ? json({ added: id, topics }) : NEXT_STEPS(id, topics));
    });
  brokers
    .command('drain')
    .description(
      'take a broker out of service in order: others lead its partitions from then on, until it is started again',
    )
    .requiredOption('--id <n>', 'its number', wholeNumber)
    .option('--json', 'as JSON')
    .action(async ({ id, ...options }: { id: number } & Json) => {
      await attached(program, async (postlog) => {
        const leads = await drain(postlog.admin(), id);
        out(options.json === true ? json({ drained: id, leads }) : drained(id, leads));
      });
    });
}

const NEXT_STEPS = (id: number, topics: readonly string[]) => `Broker ${id} is the first of a cluster now, with ${
  topics.length === 0 ? 'no topics' : `the topics ${topics.join(', ')}`
}.
Start it at once, since until then nobody leads its partitions:  postlog broker --id ${id} --url … --metadata …
Then start more brokers, each with an empty database on a server of its own, and copy what there is to them:
  postlog reassign --topic <name> --partition <n> --replicas ${id},2,3   (of __consumer_offsets too)
`;

/** Answers how many partitions it still leads, since nobody else can. */
async function drain(admin: Admin, id: number): Promise<number> {
  theBroker(await brokersOf(admin), id);
  await admin.drainBroker(id);
  return theBroker(await brokersOf(admin), id).leads;
}

function drained(id: number, leads: number): string {
  if (leads === 0)
    return `Broker ${id} leads nothing any more; it may be stopped, and serves again once it is started anew.\n`;
  return `Broker ${id} still leads ${leads} partitions that nobody else can lead; see "postlog topics describe".\n`;
}

function theBroker(brokers: readonly BrokerReport[], id: number): BrokerReport {
  const found = brokers.find((each) => each.id === id);
  if (found !== undefined) return found;
  throw new PostlogError(
    'BROKER_NOT_AVAILABLE',
    `there is no broker ${id}; "postlog brokers list" shows those that are.`,
  );
}
