import type { Bench, Measure } from '../bench.js';
import {
  graphileJob,
  handWritten,
  pgBossJob,
  plainRow,
  published,
  type BesideAnOrder,
} from '../outbox/beside-an-order.js';
import { OrderTable, ordersOf } from '../outbox/order-table.js';
import { line, median } from '../report.js';

const CONTENDERS: readonly ((bench: Bench, url: string) => Promise<BesideAnOrder>)[] = [
  plainRow,
  published,
  graphileJob,
  pgBossJob,
  handWritten,
];

/** Transactions a second that save an order and something beside it, one after another in each round. */
export const outboxPublish: Measure = async (bench) => {
  const { rounds } = bench.sizes;
  const given = ordersOf(bench.sizes);
  const contenders = [];
  for (const open of CONTENDERS) {
    const url = await bench.database();
    const beside = await open(bench, url);
    bench.note(`${beside.name}: ${beside.note}`);
    contenders.push({ beside, orders: await OrderTable.open(bench, url), rates: [] as number[] });
  }
  // One round to warm up.
  for (let round = 0; round <= rounds; round++) {
    bench.say(round === 0 ? 'warming up' : `round ${round}`);
    for (const { beside, orders, rates } of contenders) {
      const rate = await orders.save(given, (client, value) => beside.add(client, value));
      if (round > 0) rates.push(rate);
    }
  }
  const [plain, ...others] = contenders.map(({ beside, rates }) => ({ name: beside.name, rate: median(rates) }));
  return [
    line(`an order and ${plain!.name}`, plain!.rate, 'transactions/s'),
    ...others.flatMap(({ name, rate }) => [
      line(`an order and ${name}`, rate, 'transactions/s'),
      line(`${name} ÷ ${plain!.name}`, rate / plain!.rate, '×', name === 'postlog' ? { atLeast: 0.8 } : undefined),
    ]),
  ];
};
