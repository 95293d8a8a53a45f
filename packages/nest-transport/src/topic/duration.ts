import { PostlogError } from '@postlog/core';

/** A span of time: milliseconds, or a number with its unit (`'7d'`, `'90s'`). */
export type Duration = number | `${number}${keyof typeof UNITS}`;

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** @param what whose span it is, as the user wrote it. @throws PostlogError `INVALID_CONFIG` */
export function milliseconds(duration: Duration, what: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(duration)) ?? [];
  const span =
    typeof duration === 'number' ? duration : Math.round(Number(amount) * UNITS[(unit ?? 'ms') as keyof typeof UNITS]);
  if (Number.isSafeInteger(span) && span >= 0) return span;
  throw new PostlogError(
    'INVALID_CONFIG',
    `${what} is ${JSON.stringify(duration)}; give whole milliseconds, or a number with one of ${Object.keys(UNITS).join(', ')}, like '7d'.`,
  );
}
