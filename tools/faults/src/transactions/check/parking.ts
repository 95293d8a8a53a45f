import type { Anomaly } from '../../history.js';
import type { LogPartition, TransactionsHistory } from '../history.js';
import { parseJob } from '../jobs.js';

const GROUP = 'parkers';

/**
 * What the parkers are past is handled, parked, or, where nothing tells what would have to wait for it, a dead letter. A13: it is none of these; A21: it is
 * of another value than the log has there; A9: a job was handled before an earlier one of its key.
 */
export function checkParking({ final }: TransactionsHistory): Anomaly[] {
  const { effects, parked } = final;
  if (parked === undefined) return [];
  const letters = final.deadLetters[GROUP] ?? [];
  return (final.logs['jobs'] ?? []).flatMap((log) => {
    const handled = effects.filter(({ group, partition }) => group === GROUP && partition === log.partition);
    const dead = letters.filter(({ partition }) => partition === log.partition);
    const kept = new Set(
      [...handled, ...dead, ...parked.filter(({ partition }) => partition === log.partition)].map(
        ({ offset }) => offset,
      ),
    );
    const lost = [...log.values.keys()]
      .filter((offset) => !kept.has(offset))
      .map((offset) => ({
        code: 'A13',
        detail: `jobs ${log.partition}:${offset} is neither handled nor kept by ${GROUP}`,
      }));
    const foreign = [...handled, ...dead]
      .filter(({ offset, value }) => log.values[offset] !== value)
      .map(({ offset, value }) => ({
        code: 'A21',
        detail: `${GROUP} had ${value} of jobs ${log.partition}:${offset}; the log has ${log.values[offset] ?? 'nothing'}`,
      }));
    return [...lost, ...foreign, ...overtaken(log, handled)];
  });
}

/** Once is enough: what is handled again after a crash comes late by its nature. */
function overtaken({ partition, values }: LogPartition, handled: readonly { readonly offset: number }[]): Anomaly[] {
  const first = new Map<number, number>();
  for (const [turn, { offset }] of handled.entries()) if (!first.has(offset)) first.set(offset, turn);
  const last = new Map<string, { readonly offset: number; readonly turn: number }>();
  return values.flatMap((value, offset) => {
    const { key } = parseJob(value);
    if (key === null) return [];
    const turn = first.get(offset) ?? Infinity;
    const before = last.get(key);
    if (before === undefined || turn >= before.turn) {
      last.set(key, { offset, turn });
      return [];
    }
    const detail = `${value} was handled at jobs ${partition}:${offset} before ${before.offset}, which is of its key`;
    return [{ code: 'A9', detail }];
  });
}
