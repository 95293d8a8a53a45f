import { connectionFromEnvironment, type ConnectionSettings } from '@postlog/core';
import { z } from 'zod';

const schema = z.object({
  DATABASE_URL: z.string({ error: 'is missing; give postgres://user:password@host:port/database' }).min(1, 'is empty'),
  PORT: z.coerce.number({ error: 'is no number' }).int().min(0).max(65_535).default(3000),
  PARTITIONS: z.coerce.number().int().min(1).max(1_000).default(4),
  REPLICATION_FACTOR: z.coerce.number().int().min(1).max(100).default(1),
  MIN_INSYNC_REPLICAS: z.coerce.number().int().min(1).max(100).default(1),
  SESSION_TIMEOUT_MS: z.coerce.number().int().min(1_000).default(10_000),
});

/** `log`: the broker of DATABASE_URL, or the cluster of POSTLOG_BROKERS and POSTLOG_METADATA. */
export type Config = z.infer<typeof schema> & { readonly log: ConnectionSettings };

/** Settings from the environment. Ends the process with a readable line when one is wrong. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const result = schema.safeParse(env);
  if (result.success) return { ...result.data, log: connectionFromEnvironment(env) };
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`the environment is not complete\n  ${problems.join('\n  ')}`);
}
