import { parseArgs } from 'node:util';
import { nearestName } from '@postlog/core';

export interface Arguments {
  readonly once: boolean;
  readonly orders: number;
  readonly customers: number;
  readonly killOne: boolean;
  /** How many of the orders no mail can be written for, until that is corrected. */
  readonly poison: number;
  /** Both email services are replaced in turn while orders come. */
  readonly rollingRestart: boolean;
  /** Three brokers instead of one. */
  readonly cluster: boolean;
  readonly metadata: 'postgres' | 'etcd';
  /** A silent broker loses its leaderships after so long. */
  readonly brokerSessionMs: number;
  readonly killLeader: boolean;
  readonly port: number;
  readonly dataDir: string;
  readonly help: boolean;
}

/** What is wrong with the command line, said so that the next try is right. */
export class UsageError extends Error {}

export const HELP = `npm start -- [options]

Starts Postgres, a mail inbox, the order service and two email services, and places some orders.
It stays up until Ctrl-C; the data is kept.

  --once            place orders, wait until all are mailed and confirmed, print one line of JSON, stop
  --orders N        how many orders to place [12; with --once 200]
  --customers N     how many customers place them [20]
  --kill-one        with --once: SIGKILL one email service after a third of the orders
  --poison N        with --once: N of the orders are gift cards, for which no mail can be written. They become dead letters,
                    which the order service shows; then the email services are replaced by a version that can, and
                    the dead letters are requeued. Adds "deadLetters" and "requeued" to the JSON
  --rolling-restart with --once: SIGTERM and replace both email services in turn, after a third of the orders. Adds "lost"
                    (orders that are not in the log) and "duplicatedEffects" (mails and confirmations beyond one an order)
  --cluster         keep the log on three brokers, each order on all of them; the services' own tables and the
                    metadata are on a fourth Postgres
  --metadata WHERE  with --cluster: postgres or etcd [postgres]
  --session-timeout MS
                    with --cluster: a silent broker loses its leaderships after so long [9000]
  --kill-leader     with --cluster --once: SIGKILL the broker that leads most orders, and its Postgres, after a third
                    of the orders; start it again when orders go on, wait until all is in sync. Adds to the JSON
                    "failoverMs" (from the kill to the first order that another leader has) and
                    "isrRestoredMs" (from the start until all is in sync)
  --port N          port of the order service [3000, or a free one when it is taken]
  --data-dir PATH   where Postgres keeps its data [.postlog/dev; with --cluster .postlog/dev-cluster,
                    with --metadata etcd .postlog/dev-cluster-etcd]
  --help            show this

Set DATABASE_URL to use a Postgres of your own instead of the embedded one; --cluster always starts its own.
`;

const OPTIONS = {
  once: { type: 'boolean' },
  orders: { type: 'string' },
  customers: { type: 'string' },
  'kill-one': { type: 'boolean' },
  poison: { type: 'string' },
  'rolling-restart': { type: 'boolean' },
  cluster: { type: 'boolean' },
  metadata: { type: 'string' },
  'session-timeout': { type: 'string' },
  'kill-leader': { type: 'boolean' },
  port: { type: 'string' },
  'data-dir': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws UsageError */
export function readArguments(argv: readonly string[]): Arguments {
  const values = parse(argv);
  const once = values.once ?? false;
  const killOne = values['kill-one'] ?? false;
  if (killOne && !once) throw new UsageError('--kill-one goes with --once');
  const rollingRestart = values['rolling-restart'] ?? false;
  for (const name of ['poison', 'rolling-restart'] as const)
    if (values[name] !== undefined && !once) throw new UsageError(`--${name} goes with --once`);
  const orders = whole('orders', values.orders, once ? 200 : 12, 1, 100_000);
  const cluster = values.cluster ?? false;
  const metadata = metadataKind(values.metadata);
  const killLeader = values['kill-leader'] ?? false;
  if (killLeader && !(cluster && once)) throw new UsageError('--kill-leader goes with --cluster --once');
  for (const name of ['metadata', 'session-timeout'] as const)
    if (values[name] !== undefined && !cluster) throw new UsageError(`--${name} goes with --cluster`);
  return {
    once,
    killOne,
    poison: whole('poison', values.poison, 0, 0, Math.min(orders, 1_000)),
    rollingRestart,
    cluster,
    metadata,
    brokerSessionMs: whole('session-timeout', values['session-timeout'], 9_000, 400, 600_000),
    killLeader,
    orders,
    customers: whole('customers', values.customers, 20, 1, 10_000),
    port: whole('port', values.port, 3000, 0, 65_535),
    dataDir: values['data-dir'] ?? defaultFolder(cluster, metadata),
    help: values.help ?? false,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: false }).values;
  } catch (error) {
    const given = argv.find((word) => word.startsWith('--') && !(word.slice(2).split('=')[0]! in OPTIONS));
    const nearest = given === undefined ? undefined : nearestName(given.slice(2).split('=')[0]!, Object.keys(OPTIONS));
    const hint = nearest === undefined ? '' : `; did you mean --${nearest}?`;
    throw new UsageError(given === undefined ? (error as Error).message : `unknown option ${given}${hint}`);
  }
}

/** Each kind of server finds its own data again. */
function defaultFolder(cluster: boolean, metadata: Arguments['metadata']): string {
  if (!cluster) return '.postlog/dev';
  return metadata === 'postgres' ? '.postlog/dev-cluster' : `.postlog/dev-cluster-${metadata}`;
}

function metadataKind(value: string | undefined): 'postgres' | 'etcd' {
  if (value === undefined || value === 'postgres' || value === 'etcd') return value ?? 'postgres';
  throw new UsageError(`--metadata is "${value}"; give postgres or etcd`);
}

function whole(name: string, value: string | undefined, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (value.trim() !== '' && Number.isInteger(number) && number >= min && number <= max) return number;
  throw new UsageError(`--${name} is "${value}"; give a whole number from ${min} to ${max}`);
}
