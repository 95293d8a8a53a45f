import pg from 'pg';
import { HANDOVER, parse, sendAll } from '../bench.js';
import type { Contender } from './contender.js';

/** The table that everybody writes by hand: insert many, take many with `skip locked` and delete them. */
export function skipLockedContender(url: string): Contender {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  const take = `delete from jobs where id in (select id from jobs order by id limit $1 for update skip locked) returning payload`;
  return {
    name: 'skip-locked',
    note: 'a table, multi-row insert, delete … for update skip locked of 500 on 4 connections',
    prepare: async () => {
      await pool.query(
        'drop table if exists jobs; create table jobs (id bigint generated always as identity primary key, payload jsonb not null)',
      );
    },
    produce: (values) =>
      sendAll(values, (portion) =>
        pool.query('insert into jobs (payload) select v::jsonb from unnest($1::text[]) v', [portion]),
      ),
    consume: async (count) => {
      const startedAt = performance.now();
      let seen = 0;
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          while (seen < count) {
            const { rows } = await pool.query<{ payload: object }>({ text: take, values: [HANDOVER], types: AS_TEXT });
            for (const { payload } of rows) parse(payload as unknown as string);
            seen += rows.length;
          }
        }),
      );
      return (performance.now() - startedAt) / 1000;
    },
    close: () => pool.end(),
  };
}

/** Payloads come as text and are parsed by us, as for everybody. */
const AS_TEXT = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig;
