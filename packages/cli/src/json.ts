/** What `--json` prints: one line. */
export function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
