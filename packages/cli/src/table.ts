/** Text as a terminal may show it: control characters, which could move the cursor or change colours, become `�`. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');
}

/** Bytes in JSON: as the text that they are, or as `{ base64 }` where they are none. */
export function bytes(given: Buffer | null): string | { readonly base64: string } | null {
  if (given === null) return null;
  const text = given.toString();
  return Buffer.from(text).equals(given) ? text : { base64: given.toString('base64') };
}

/** Fields as Kafka's tools print them: `Label: value`, separated by tabs. */
export function fields(pairs: readonly (readonly [string, string | number])[]): string {
  return pairs.map(([label, value]) => `${label}: ${printable(String(value))}`).join('\t');
}

/** Rows under their headings, in columns as wide as need be, as Kafka's tools print them. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [headings, ...rows.map((row) => row.map((cell) => printable(String(cell))))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return cells.map((row) => `${line(row)}\n`).join('');
}
