const SHOWN_LENGTH = 40;

/** A value as an error message may show it: short, without control or look-alike characters, never an object's content. */
export function quoted(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quotedText(value);
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'bigint':
      return BigInt.asIntN(128, value) === value ? `${value}n` : 'a very large bigint';
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return 'an array';
      return value instanceof Uint8Array ? `${value.length} bytes` : 'an object';
    default:
      return `a ${typeof value}`;
  }
}

function quotedText(text: string): string {
  const escaped = JSON.stringify(text.slice(0, SHOWN_LENGTH)).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.length > SHOWN_LENGTH ? `${escaped}… (${text.length} characters)` : escaped;
}
