import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { inSchema } from './statement.js';

/** One forward-only step: a file of `sql/`, in the order in which it is applied. */
export interface MigrationFile {
  /** `migrations/0001-log` or `functions/append_v1`. */
  readonly name: string;
  readonly text: string;
  readonly sha256: string;
}

const SQL_FOLDER = new URL('../../sql/', import.meta.url);

/** Every step: tables first, then functions, then views; each by name. A released file is never edited, a new one follows it. */
export function migrationFiles(): MigrationFile[] {
  return ['migrations', 'functions', 'views'].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, SQL_FOLDER))
      .filter((file) => file.endsWith('.sql'))
      .sort()
      .map((file) => {
        const text = readFileSync(new URL(`${folder}/${file}`, SQL_FOLDER), 'utf8');
        return {
          name: `${folder}/${file.slice(0, -4)}`,
          text,
          sha256: createHash('sha256').update(text).digest('hex'),
        };
      }),
  );
}

/** All of it as one script that `psql` runs and a DBA can read; it leaves the same marks as `migrate` does. */
export function migrationScript(schema: string): string {
  const steps = migrationFiles().map(
    ({ name, text, sha256 }) =>
      `-- ${name}\n${text}\ninsert into postlog.schema_migration (name, sha256) values ('${name}', '${sha256}');\n`,
  );
  return inSchema(
    ['begin;\n', `${CREATE_SCHEMA};\n`, `${CREATE_MARKS};\n`, ...steps, 'commit;\n'].join('\n'),
    schema,
  ).replace(CREATE_SCHEMA, CREATE_SCHEMA.replace('postlog', schema));
}

export const CREATE_SCHEMA = 'create schema if not exists postlog';

export const CREATE_MARKS = `create table if not exists postlog.schema_migration (
  name text primary key,
  sha256 text not null,
  applied_at timestamptz not null default clock_timestamp()
)`;
