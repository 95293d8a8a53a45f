import { connect, type Postlog } from '@postlog/core';
import type { Arguments } from './arguments.js';
import { countLost, countRepeats, watchOrders } from './audit.js';
import { LeaderDeath, type DeathFigures } from './leader-death.js';
import { OrderClient, placeOrders, type PlacedOrder } from './orders.js';
import { rollingRestart } from './restarts.js';
import { problemsOf, type Result } from './result.js';
import { PARTITIONS, type Shop } from './shop.js';

type Say = (line: string) => void;

const DEADLINE_MS = 120_000;

/** Places the orders, waits until each is mailed, confirmed and counted; answers the result and what is wrong with it. */
export async function runOnce(shop: Shop, args: Arguments, say: Say): Promise<{ result: Result; problems: string[] }> {
  const { cluster, connection, environment } = shop.servers;
  if (cluster === undefined && !args.rollingRestart) return run({ shop, args, say });
  const postlog = await connect({ ...connection, services: false, clientId: 'npm-start' });
  try {
    const death =
      cluster !== undefined && args.killLeader
        ? new LeaderDeath({ cluster, admin: postlog.admin(), environment, say })
        : undefined;
    const stopWatching = death === undefined ? undefined : await watchOrders(postlog, (order) => death.placed(order));
    const answer = await run({ shop, args, say, death, postlog });
    await stopWatching?.();
    return answer;
  } finally {
    await postlog.close();
  }
}

interface Run {
  readonly shop: Shop;
  readonly args: Arguments;
  readonly say: Say;
  readonly death?: LeaderDeath | undefined;
  /** To look into the log. */
  readonly postlog?: Postlog;
}

async function run({ shop, args, say, death, postlog }: Run): Promise<{ result: Result; problems: string[] }> {
  const client = new OrderClient(shop.ordersUrl);
  const name = `run-${new Date().toISOString()}`;
  const startedAt = performance.now();
  await death?.describe('before');
  say(`placing ${args.orders} orders of ${Math.min(args.customers, args.orders)} customers …`);
  let isStruck = false;
  let dying: Promise<DeathFigures> | undefined;
  let restarting: Promise<void> | undefined;
  const placed = await placeOrders(client, { ...args, run: name }, ({ count }) => {
    if (count % 100 === 0) say(`${count} orders placed`);
    if (isStruck || count < args.orders / 3) return;
    isStruck = true;
    if (args.killOne) killService(shop, count, say);
    if (args.rollingRestart) restarting = rollingRestart(shop.emailServices, say);
    dying = death?.play();
    for (const started of [dying, restarting]) started?.catch(() => {}); // They are awaited below.
  });
  await restarting;
  const cured = args.poison > 0 ? await cure(shop, client, { ...args, run: name }, say) : {};
  const counts = await settle(() => measure(shop, client, name, startedAt), args, say);
  const figures = await dying;
  await death?.describe('after');
  const audited = postlog === undefined ? {} : await audit(postlog, { args, client, name, placed, counts });
  const { published: _, ...shown } = counts;
  const result = { ...shown, ...cured, ...audited, ...figures };
  return { result, problems: problemsOf(result, args) };
}

interface Audited {
  readonly args: Arguments;
  readonly client: OrderClient;
  readonly name: string;
  readonly placed: readonly PlacedOrder[];
  readonly counts: Measured;
}

/** What the log says of the run. */
async function audit(postlog: Postlog, { args, client, name, placed, counts }: Audited) {
  const found: PlacedOrder[] = [];
  for (const { id } of placed) found.push(await client.find(id));
  const lost = await countLost(postlog, found);
  if (!args.rollingRestart) return { lost };
  return { lost, duplicatedEffects: (await countRepeats(postlog, name)) + (counts.repeatedMails ?? 0) };
}

/** Waits for the dead letters, as the order service shows them; replaces the email services by a version that knows better; requeues. */
async function cure(shop: Shop, client: OrderClient, { poison, run: name }: { poison: number; run: string }, say: Say) {
  const deadline = performance.now() + DEADLINE_MS;
  let letters = await client.deadLetters(name);
  while (letters.length < poison && performance.now() < deadline) {
    await new Promise((wake) => setTimeout(wake, 100));
    letters = await client.deadLetters(name);
  }
  say(`${letters.length} dead letters: ${letters[0]?.error ?? ''}`);
  await rollingRestart(shop.emailServices, say, { GIFT_CARDS: '1' });
  const requeued = letters.length === 0 ? 0 : await client.requeue(letters.map(({ id }) => id));
  say(`${requeued} requeued`);
  return { deadLetters: letters.length, requeued };
}

function killService(shop: Shop, count: number, say: Say): void {
  const victim = shop.emailServices[0]!;
  say(`SIGKILL to ${victim.name} after ${count} orders`);
  void victim.kill();
}

type Measured = Result & { readonly published: number };

async function settle(look: () => Promise<Measured>, args: Arguments, say: Say): Promise<Measured> {
  const deadline = performance.now() + DEADLINE_MS;
  let said = performance.now();
  for (;;) {
    const result = await look();
    const isDone = Math.min(result.mails, result.confirmed, result.analytics, result.published) >= args.orders;
    if (isDone || performance.now() > deadline) return result;
    if (performance.now() - said > 2_000) {
      said = performance.now();
      say(`${result.mails} mailed, ${result.confirmed} confirmed of ${args.orders}`);
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

async function measure(shop: Shop, client: OrderClient, run: string, startedAt: number): Promise<Measured> {
  const [counts, analytics] = await Promise.all([client.counts(run), client.analytics(run)]);
  const mails = shop.inbox.mails(run);
  const distinct = new Set(mails.map(({ orderId }) => orderId)).size;
  return {
    orders: counts.orders,
    mails: distinct,
    confirmed: counts.confirmed,
    published: counts.published,
    analytics: analytics.orders,
    partitions: PARTITIONS,
    emailProcesses: counts.mailedBy,
    outOfOrder: analytics.outOfOrder,
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    ...(mails.length > distinct ? { repeatedMails: mails.length - distinct } : {}),
  };
}
