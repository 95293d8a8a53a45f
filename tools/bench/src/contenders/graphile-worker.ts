import { makeWorkerUtils, runOnce, runMigrations } from 'graphile-worker';
import pg from 'pg';
import { checksum, parse, sendAll } from '../bench.js';
import type { Contender } from './contender.js';

/** graphile-worker with its batch function for adding and its local queue for taking. */
export async function graphileContender(url: string): Promise<Contender> {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  await runMigrations({ pgPool: pool });
  const utils = await makeWorkerUtils({ pgPool: pool });
  const addJobs = `select graphile_worker.add_jobs(array(
    select row('work', v::json, null, now(), 1, null, null, null)::graphile_worker.job_spec from unnest($1::text[]) v), false)`;
  return {
    name: 'graphile-worker',
    note: 'add_jobs() of 500; 24 concurrent tasks',
    prepare: async () => {
      await pool.query('truncate graphile_worker._private_jobs');
    },
    produce: (values) => sendAll(values, (portion) => pool.query(addJobs, [portion])),
    consume: async () => {
      const startedAt = performance.now();
      await runOnce({
        pgPool: pool,
        concurrency: 24,
        noHandleSignals: true,
        logger: QUIET,
        taskList: { work: (payload) => parse(JSON.stringify(payload)) },
      });
      if (checksum() === 0) throw new Error('graphile-worker ran no job');
      return (performance.now() - startedAt) / 1000;
    },
    close: async () => {
      await utils.release();
      await pool.end();
    },
  };
}

const { Logger } = await import('graphile-worker');
const QUIET = new Logger(() => () => {});
