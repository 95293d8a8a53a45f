import { connect } from '@postlog/core';
import type { Arguments } from './arguments.js';
import { countLost } from './audit.js';
import { LeaderDeath, type DeathFigures } from './leader-death.js';
import { OrderClient, placeOrders, type PlacedOrder } from './orders.js';
import { problemsOf, type Result } from './result.js';
import { PARTITIONS, type Shop } from './shop.js';

type Say = (line: string) => void;

const DEADLINE_MS = 120_000;

/** Places the orders, waits until each is mailed, confirmed and counted; answers the result and what is wrong with it. */
export async function runOnce(shop: Shop, args: Arguments, say: Say): Promise<{ result: Result; problems: string[] }> {
  const { cluster, connection } = shop.servers;
  if (cluster === undefined) return run({ shop, args, say });
  const postlog = await connect({ ...connection, services: false, clientId: 'npm-start' });
  try {
    const { environment } = shop.servers;
    const death = args.killLeader ? new LeaderDeath({ cluster, admin: postlog.admin(), environment, say }) : undefined;
    return await run({ shop, args, say, death, countLost: (placed) => countLost(postlog, placed) });
  } finally {
    await postlog.close();
  }
}

interface Run {
  readonly shop: Shop;
  readonly args: Arguments;
  readonly say: Say;
  readonly death?: LeaderDeath | undefined;
  readonly countLost?: (placed: readonly PlacedOrder[]) => Promise<number>;
}

async function run({ shop, args, say, death, countLost }: Run): Promise<{ result: Result; problems: string[] }> {
  const client = new OrderClient(shop.ordersUrl);
  const name = `run-${new Date().toISOString()}`;
  const startedAt = performance.now();
  await death?.describe('before');
  say(`placing ${args.orders} orders of ${Math.min(args.customers, args.orders)} customers …`);
  let isStruck = false;
  let dying: Promise<DeathFigures> | undefined;
  const placed = await placeOrders(client, { ...args, run: name }, ({ order, count }) => {
    if (count % 100 === 0) say(`${count} orders placed`);
    death?.placed(order);
    if (isStruck || count < args.orders / 3) return;
    isStruck = true;
    if (args.killOne) killService(shop, count, say);
    dying = death?.play();
    dying?.catch(() => {}); // It is awaited below.
  });
  const counts = await settle(() => measure(shop, client, name, startedAt), args, say);
  const figures = await dying;
  await death?.describe('after');
  const lost = await countLost?.(placed);
  const result = { ...counts, ...(lost === undefined ? {} : { lost }), ...figures };
  return { result, problems: problemsOf(result, args) };
}

function killService(shop: Shop, count: number, say: Say): void {
  const victim = shop.emailServices[0]!;
  say(`SIGKILL to ${victim.name} after ${count} orders`);
  void victim.kill();
}

async function settle(look: () => Promise<Result>, args: Arguments, say: Say): Promise<Result> {
  const deadline = performance.now() + DEADLINE_MS;
  let said = performance.now();
  for (;;) {
    const result = await look();
    const isDone = Math.min(result.mails, result.confirmed, result.analytics) >= args.orders;
    if (isDone || performance.now() > deadline) return result;
    if (performance.now() - said > 2_000) {
      said = performance.now();
      say(`${result.mails} mailed, ${result.confirmed} confirmed of ${args.orders}`);
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

async function measure(shop: Shop, client: OrderClient, run: string, startedAt: number): Promise<Result> {
  const [counts, analytics] = await Promise.all([client.counts(run), client.analytics(run)]);
  const mails = shop.inbox.mails(run);
  const distinct = new Set(mails.map(({ orderId }) => orderId)).size;
  return {
    orders: counts.orders,
    mails: distinct,
    confirmed: counts.confirmed,
    analytics: analytics.orders,
    partitions: PARTITIONS,
    emailProcesses: counts.mailedBy,
    outOfOrder: analytics.outOfOrder,
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    ...(mails.length > distinct ? { repeatedMails: mails.length - distinct } : {}),
  };
}
