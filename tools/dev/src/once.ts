import type { Arguments } from './arguments.js';
import { OrderClient, placeOrders } from './orders.js';
import { problemsOf, type Result } from './result.js';
import { PARTITIONS, type Shop } from './shop.js';

const DEADLINE_MS = 120_000;

/** Places the orders, waits until each is mailed, confirmed and counted; answers the result and what is wrong with it. */
export async function runOnce(
  shop: Shop,
  args: Arguments,
  say: (line: string) => void,
): Promise<{ result: Result; problems: string[] }> {
  const client = new OrderClient(shop.ordersUrl);
  const run = `run-${new Date().toISOString()}`;
  const startedAt = performance.now();
  const victim = shop.emailServices[0]!;
  let isKilled = false;
  say(`placing ${args.orders} orders of ${Math.min(args.customers, args.orders)} customers …`);
  await placeOrders(client, { ...args, run }, (_order, count) => {
    if (count % 100 === 0) say(`${count} orders placed`);
    if (args.killOne && !isKilled && count >= args.orders / 3) {
      isKilled = true;
      say(`SIGKILL to ${victim.name} after ${count} orders`);
      victim.kill();
    }
  });
  const result = await settle(() => measure(shop, client, run, startedAt), args, say);
  return { result, problems: problemsOf(result, args) };
}

async function settle(look: () => Promise<Result>, args: Arguments, say: (line: string) => void): Promise<Result> {
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
