/** One line of a benchmark's outcome. `met` is null where there is nothing to reach. */
export interface Line {
  readonly measure: string;
  readonly value: number;
  readonly unit: string;
  readonly goal: string;
  readonly met: boolean | null;
}

/** What a measure was to reach. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

export function line(measure: string, value: number, unit: string, goal?: Goal): Line {
  const rounded = round(value);
  if (goal === undefined) return { measure, value: rounded, unit, goal: '', met: null };
  return 'atLeast' in goal
    ? { measure, value: rounded, unit, goal: `≥ ${goal.atLeast}`, met: value >= goal.atLeast }
    : { measure, value: rounded, unit, goal: `≤ ${goal.atMost}`, met: value <= goal.atMost };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which that part of the values lies; between two of them for a median of an even number. */
export function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below + (above - below) * (place - Math.floor(place));
}

/** Plain columns, aligned with spaces. */
export function table(lines: readonly Line[]): string {
  const rows = [
    ['measure', 'value', 'unit', 'to reach', 'reached'],
    ...lines.map(({ measure, value, unit, goal, met }) => [
      measure,
      value.toLocaleString('en-US'),
      unit,
      goal,
      met === null ? '' : met ? 'yes' : 'NO',
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 1 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function round(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
