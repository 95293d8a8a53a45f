import pg from 'pg';
import type { Bench, Sizes } from '../bench.js';
import { jsonValues } from '../values.js';
import { secondsSince } from '../workload.js';

/** Who saves orders at the same time, each on a connection of their own. */
const SAVERS = 4;

/** A database in which orders are saved, one in a transaction, with something beside each. */
export class OrderTable {
  readonly #savers: readonly pg.Client[];

  private constructor(savers: readonly pg.Client[]) {
    this.#savers = savers;
  }

  static async open(bench: Bench, url: string): Promise<OrderTable> {
    const savers = await Promise.all(
      Array.from({ length: SAVERS }, async () => {
        const client = new pg.Client({ connectionString: url });
        client.on('error', () => {});
        await client.connect();
        bench.onStop(() => client.end());
        return client;
      }),
    );
    await savers[0]!.query(
      'create table if not exists orders (id bigint generated always as identity primary key, value text not null)',
    );
    return new OrderTable(savers);
  }

  /** Saves an order for each value, for so many seconds at most; `beside` runs in its transaction. Answers transactions a second. */
  async save(
    { values, seconds }: { readonly values: readonly string[]; readonly seconds: number },
    beside: (client: pg.Client, value: string) => Promise<unknown>,
  ): Promise<number> {
    const startedAt = performance.now();
    let next = 0;
    await Promise.all(
      this.#savers.map(async (client) => {
        while (next < values.length && secondsSince(startedAt) < seconds) {
          const value = values[next++]!;
          await client.query('begin');
          await client.query('insert into orders (value) values ($1)', [value]);
          await beside(client, value);
          await client.query('commit');
        }
      }),
    );
    return next / secondsSince(startedAt);
  }
}

/** What one round saves. */
export function ordersOf({ outbox, seconds }: Sizes): { readonly values: readonly string[]; readonly seconds: number } {
  return { values: jsonValues(outbox.orders), seconds: seconds / 4 };
}
