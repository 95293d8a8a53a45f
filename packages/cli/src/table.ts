/** Text as a terminal may show it: control characters, which could move the cursor or change colours, become `�`. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');
}

/** Fields as Kafka's tools print them: `Label: value`, separated by tabs. */
export function fields(pairs: readonly (readonly [string, string | number])[]): string {
  return pairs.map(([label, value]) => `${label}: ${printable(String(value))}`).join('\t');
}
