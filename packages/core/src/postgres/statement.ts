/** One SQL text, constant, known by a name that logs and errors use. It is never prepared by name: a pooler may stand between. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

const DEFAULT_SCHEMA = 'postlog';

/** The same text for another schema: every `postlog.` before a name becomes that schema's. */
export function inSchema(text: string, schema: string): string {
  return schema === DEFAULT_SCHEMA ? text : text.replace(/\bpostlog\.(?=[a-z_%])/g, `${schema}.`);
}
