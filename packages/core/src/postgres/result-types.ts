/**
 * How column values arrive: `int8` as bigint, `int2`/`int4`/`float8` as number, `int4[]` as numbers, `bool` as boolean, `json` parsed, `bytea`
 * as Buffer, anything else as text.
 *
 * Given to each client by itself: what a host application registers with `pg.types.setTypeParser` does not reach us.
 */
export const RESULT_TYPES = {
  getTypeParser: (oid: number): ((text: string) => unknown) => PARSERS.get(oid) ?? asText,
};

const asText = (text: string): unknown => text;

const PARSERS = new Map<number, (text: string) => unknown>([
  [16, (text) => text === 't'],
  [17, (text) => Buffer.from(text.slice(2), 'hex')],
  [20, (text) => BigInt(text)],
  [21, Number],
  [23, Number],
  [701, Number],
  [114, (text): unknown => JSON.parse(text)],
  // int4[]: numbers and commas in braces; none of ours holds null.
  [1007, (text) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(Number))],
  [3802, (text): unknown => JSON.parse(text)],
]);
