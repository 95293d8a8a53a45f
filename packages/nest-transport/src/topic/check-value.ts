import { PostlogError } from '@postlog/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Topic } from './topic.js';

const MOST_ISSUES = 5;

/**
 * What the topic's schema makes of a value; a promise only where the schema needs one, so that records are sent in the order of
 * their `send` calls.
 *
 * @throws PostlogError `INVALID_RECORD` that names the fields, never their values; the schema's issues are its cause.
 */
export function checkValue<Received>({ name, schema }: Topic<never, Received>, value: unknown): unknown {
  if (schema === undefined) return value;
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then((late) => accepted(name, late)) : accepted(name, result);
}

function accepted<Received>(topic: string, result: StandardSchemaV1.Result<Received>): Received {
  if (result.issues === undefined) return result.value;
  const issues = result.issues.slice(0, MOST_ISSUES).map(describe);
  const more = result.issues.length - issues.length;
  const problems = more > 0 ? [...issues, `and ${more} more`] : issues;
  throw new PostlogError('INVALID_RECORD', `the value does not fit the schema of ${topic}: ${problems.join('; ')}.`, {
    cause: result.issues,
  });
}

function describe({ path = [], message }: StandardSchemaV1.Issue): string {
  const place = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return place === '' ? message : `${place}: ${message}`;
}
