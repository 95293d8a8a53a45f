import PgBoss from 'pg-boss';
import { HANDOVER, parse, sendAll } from '../bench.js';
import type { Contender } from './contender.js';

/** pg-boss 10 with its bulk insert, and fetch and complete in batches. */
export async function pgBossContender(url: string, records: number): Promise<Contender> {
  const boss = new PgBoss({ connectionString: url, max: 4, supervise: false, schedule: false });
  boss.on('error', () => {});
  await boss.start();
  let round = 0;
  const queue = () => `round-${round}`;
  return {
    name: 'pg-boss',
    note: `insert() of 500; fetch and complete of 500 on 4 connections; ${records} records a round`,
    records,
    prepare: async () => {
      if (round > 0) await boss.purgeQueue(queue());
      round += 1;
      await boss.createQueue(queue());
    },
    produce: (values) =>
      sendAll(values, (portion) =>
        boss.insert(portion.map((value) => ({ name: queue(), data: JSON.parse(value) as object }))),
      ),
    consume: async (count) => {
      const startedAt = performance.now();
      let seen = 0;
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          while (seen < count) {
            const jobs = await boss.fetch<object>(queue(), { batchSize: HANDOVER });
            for (const { data } of jobs) parse(JSON.stringify(data));
            if (jobs.length > 0)
              await boss.complete(
                queue(),
                jobs.map(({ id }) => id),
              );
            seen += jobs.length;
          }
        }),
      );
      return (performance.now() - startedAt) / 1000;
    },
    close: () => boss.stop({ graceful: false, wait: true }),
  };
}
