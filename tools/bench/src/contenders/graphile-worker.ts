import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { secondsSince, sendAll, use } from '../workload.js';
import type { Contender } from './contender.js';

const CONCURRENCY = 500;
const LOCAL_QUEUE = 2_000;
const QUIET = new Logger(() => () => {});

/** graphile-worker with its batch function for adding, its local queue for taking and its batches for completing. */
export async function graphileContender(url: string): Promise<Contender> {
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const utils = await makeWorkerUtils({ pgPool: pool, logger: QUIET });
  await utils.migrate();
  // Counting the jobs spares it sending every one of them back.
  const addJobs = `select count(*) from (select graphile_worker.add_jobs(array(
    select row('work', v::json, null, now(), 1, null, null, null)::graphile_worker.job_spec from unnest($1::text[]) v), false)) jobs`;
  return {
    name: 'graphile-worker',
    note: `add_jobs() of 500; ${CONCURRENCY} concurrent jobs, local queue of ${LOCAL_QUEUE}, completed in batches`,
    prepare: async () => {
      await pool.query('truncate graphile_worker._private_jobs');
    },
    produce: (values) => sendAll(values, (portion) => pool.query(addJobs, [portion])),
    settle: async () => {
      await pool.query('vacuum (analyze) graphile_worker._private_jobs');
    },
    consume: (count) => work(pool, count),
    close: async () => {
      await utils.release();
      await pool.end();
    },
  };
}

async function work(pool: pg.Pool, count: number): Promise<number> {
  const startedAt = performance.now();
  let done = 0;
  let onDone = () => {};
  const isDone = new Promise<void>((resolve) => (onDone = resolve));
  const runner = await run({
    pgPool: pool,
    noHandleSignals: true,
    logger: QUIET,
    preset: {
      worker: {
        concurrentJobs: CONCURRENCY,
        localQueue: { size: LOCAL_QUEUE },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
    taskList: {
      work: (payload) => {
        use(payload); // The driver has parsed it.
        if (++done === count) onDone();
      },
    },
  });
  await isDone;
  await runner.stop(); // Waits until the last are marked as completed.
  const seconds = secondsSince(startedAt);
  const { rows } = await pool.query<{ left: number }>(
    'select count(*)::int as left from graphile_worker._private_jobs',
  );
  if (rows[0]!.left > 0) throw new Error(`graphile-worker left ${rows[0]!.left} jobs`);
  return seconds;
}
