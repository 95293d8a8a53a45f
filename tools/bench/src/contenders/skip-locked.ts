import pg from 'pg';
import { parse, secondsSince, sendAll } from '../workload.js';
import type { Contender } from './contender.js';

const TAKEN = 2_000;
const TAKERS = 2;

/** The table that everybody writes by hand: insert many, take many with `skip locked` and delete them. */
export function skipLockedContender(url: string): Contender {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => {});
  const insert = 'insert into jobs (payload) select v::json from unnest($1::text[]) v';
  // An array makes it look the rows up by key; `in (…)` joins, and takes half as many a second.
  const take = `delete from jobs where id = any(array(select id from jobs order by id limit $1 for update skip locked)) returning payload`;
  return {
    name: 'skip-locked',
    note: `a table; insert of 500, delete … for update skip locked of ${TAKEN} on ${TAKERS} connections`,
    prepare: async () => {
      await pool.query(
        'drop table if exists jobs; create table jobs (id bigint generated always as identity primary key, payload json not null)',
      );
    },
    produce: (values) => sendAll(values, (portion) => pool.query(insert, [portion])),
    settle: async () => {
      await pool.query('vacuum (analyze) jobs');
    },
    consume: async (count) => {
      const startedAt = performance.now();
      let seen = 0;
      const takeAll = async () => {
        while (seen < count) {
          const { rows } = await pool.query<{ payload: string }>({ text: take, values: [TAKEN], types: AS_TEXT });
          for (const { payload } of rows) parse(payload);
          seen += rows.length;
        }
      };
      await Promise.all(Array.from({ length: TAKERS }, takeAll));
      return secondsSince(startedAt);
    },
    close: () => pool.end(),
  };
}

/** Payloads come as text and are parsed by us, as for everybody. */
const AS_TEXT = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig;
