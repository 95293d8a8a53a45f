import { z } from 'zod';

const schema = z.object({
  DATABASE_URL: z.string({ error: 'is missing; give postgres://user:password@host:port/database' }).min(1, 'is empty'),
  PORT: z.coerce.number({ error: 'is no number' }).int().min(0).max(65_535).default(3000),
  PARTITIONS: z.coerce.number().int().min(1).max(1_000).default(4),
  SESSION_TIMEOUT_MS: z.coerce.number().int().min(1_000).default(10_000),
});

export type Config = z.infer<typeof schema>;

/** Settings from the environment. Ends the process with a readable line when one is wrong. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`the environment is not complete\n  ${problems.join('\n  ')}`);
}
