import pg from 'pg';
import PgBoss from 'pg-boss';
import { secondsSince, sendAll, use } from '../workload.js';
import type { Contender } from './contender.js';

const FETCHED = 5_000;
const FETCHERS = 2;

/** pg-boss 10 with its bulk insert, and fetch and complete in batches. */
export async function pgBossContender(url: string): Promise<Contender> {
  const boss = new PgBoss({ connectionString: url, max: 4, supervise: false, schedule: false });
  boss.on('error', () => {});
  await boss.start();
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  pool.on('error', () => {});
  let round = 0;
  const queue = () => `round-${round}`;
  return {
    name: 'pg-boss',
    note: `insert() of 500; fetch() and complete() of ${FETCHED} by ${FETCHERS} takers`,
    prepare: async () => {
      await boss.clearStorage(); // Jobs of the round before.
      if (round > 0) await boss.deleteQueue(queue());
      round += 1;
      await boss.createQueue(queue());
    },
    produce: (values) => {
      const data = values.map((value) => JSON.parse(value) as object); // It takes objects only.
      return sendAll(data, (portion) => boss.insert(portion.map((each) => ({ name: queue(), data: each }))));
    },
    settle: async () => {
      await pool.query('vacuum (analyze) pgboss.job');
    },
    consume: async (count) => {
      const startedAt = performance.now();
      let seen = 0;
      const takeAll = async () => {
        while (seen < count) {
          const jobs = await boss.fetch<object>(queue(), { batchSize: FETCHED });
          for (const { data } of jobs) use(data); // The driver has parsed it.
          const ids = jobs.map(({ id }) => id);
          if (ids.length > 0) await boss.complete(queue(), ids);
          seen += ids.length;
        }
      };
      await Promise.all(Array.from({ length: FETCHERS }, takeAll));
      return secondsSince(startedAt);
    },
    close: async () => {
      await pool.end();
      await boss.stop({ graceful: false, wait: true });
    },
  };
}
