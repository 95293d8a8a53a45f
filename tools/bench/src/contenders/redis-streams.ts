import { freePort } from '@postlog/core/testing';
import { Redis } from 'ioredis';
import { HANDOVER, parse, sendAll } from '../bench.js';
import type { Contender } from './contender.js';
import { startServer } from './process.js';

const STREAM = 'orders';
const GROUP = 'group';

/** Redis Streams: each write is flushed before it is answered (appendfsync always). */
export async function redisContender(program: string): Promise<Contender> {
  const port = await freePort();
  const server = await startServer(program, (dir) => [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir],
    ...['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''],
  ]);
  const redis = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50, maxRetriesPerRequest: null });
  redis.on('error', () => {}); // It is not up yet.
  await redis.ping();
  return {
    name: 'redis-streams',
    note: 'appendfsync always; pipelines of 500 XADD, XREADGROUP and XACK of 500',
    prepare: async () => {
      await redis.del(STREAM);
      await redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
    },
    produce: (values) =>
      sendAll(values, (portion) => {
        const pipeline = redis.pipeline();
        for (const value of portion) pipeline.xadd(STREAM, '*', 'v', value);
        return pipeline.exec();
      }),
    consume: async (count) => {
      const startedAt = performance.now();
      for (let seen = 0; seen < count;) {
        const answer = (await redis.xreadgroup('GROUP', GROUP, 'me', 'COUNT', HANDOVER, 'STREAMS', STREAM, '>')) as
          [string, [string, string[]][]][] | null;
        const entries = answer?.[0]?.[1] ?? [];
        for (const [, fields] of entries) parse(fields[1]!);
        if (entries.length > 0) await redis.xack(STREAM, GROUP, ...entries.map(([id]) => id));
        seen += entries.length;
      }
      return (performance.now() - startedAt) / 1000;
    },
    close: async () => {
      redis.disconnect();
      await server.stop();
    },
  };
}
