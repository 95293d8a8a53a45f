import type { Arguments } from './arguments.js';
import { OrderClient, placeOrders, type PlacedOrder } from './orders.js';
import type { Shop } from './shop.js';

/** Shows where everything is, places some orders and tells what became of each. */
export async function showAround(shop: Shop, args: Arguments, say: (line: string) => void): Promise<void> {
  const client = new OrderClient(shop.ordersUrl);
  say('');
  say(`orders     ${shop.ordersUrl}/orders`);
  say(`analytics  ${shop.ordersUrl}/analytics`);
  say(`inbox      ${shop.inbox.pageUrl}`);
  for (const [name, value] of Object.entries(shop.servers.shown)) say(`${name.padEnd(9)}  ${value}`);
  say('');
  say('place an order yourself:');
  say(`  curl -s ${shop.ordersUrl}/orders -H 'Content-Type: application/json' \\`);
  say(`    -d '{"customer":"ada","email":"ada@example.com","item":"tea","total":450}'`);
  say('');
  if (shop.servers.cluster !== undefined) {
    const { POSTLOG_BROKERS, POSTLOG_METADATA } = shop.servers.environment;
    say('look at the cluster from another terminal:');
    say(`  export POSTLOG_BROKERS='${POSTLOG_BROKERS}'`);
    say(`  export POSTLOG_METADATA='${POSTLOG_METADATA}'`);
    say('  npm run postlog -- topics describe --topic orders.placed');
    say('');
  }
  const run = `run-${new Date().toISOString()}`;
  const placed = await placeOrders(client, { ...args, run }, () => {});
  say('order                                 customer      partition  offset  handled by');
  for (const order of placed) say(line(await whenConfirmed(client, order)));
  say('');
  say('everything is up; Ctrl-C stops it and keeps the data');
}

async function whenConfirmed(client: OrderClient, order: PlacedOrder): Promise<PlacedOrder> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const now = await client.find(order.id);
    if (now.status === 'confirmed') return now;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  return client.find(order.id);
}

function line({ id, customer, partition, offset, mailedBy }: PlacedOrder): string {
  const place = `${String(partition ?? '-').padStart(9)}  ${(offset ?? '-').padStart(6)}`;
  return `${id}  ${customer.padEnd(12)}  ${place}  ${mailedBy ?? 'nobody yet'}`;
}
