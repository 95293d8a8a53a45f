import { readdirSync, readFileSync } from 'node:fs';
import type pg from 'pg';

/** Linux counts processor time in hundredths of a second for everybody. */
const TICK_MS = 10;

/** Milliseconds of processor time that a Postgres on this machine has used, its ended backends' too. */
export async function serverCpuMs(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return cpuMs(statOf(rows[0]!.pid)!.parent);
}

/** Milliseconds of processor time that a process and its children have used, the ended ones' too. */
export function cpuMs(pid: number): number {
  let ticks = 0;
  for (const entry of readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) ? statOf(Number(entry)) : undefined;
    if (stat === undefined || (stat.parent !== pid && Number(entry) !== pid)) continue;
    ticks += stat.own + stat.ofEndedChildren;
  }
  return ticks * TICK_MS;
}

/** Fields 4 and 14 to 17 of proc(5)'s `/proc/[pid]/stat`; undefined when the process has ended. */
function statOf(pid: number): { parent: number; own: number; ofEndedChildren: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const at = (field: number) => Number(fields[field - 3]);
    return { parent: at(4), own: at(14) + at(15), ofEndedChildren: at(16) + at(17) };
  } catch {
    return undefined;
  }
}
