import { freePort } from '@postlog/core/testing';
import { Redis } from 'ioredis';
import type { Bench } from '../bench.js';
import { parse, secondsSince, sendAll, SENDERS } from '../workload.js';
import type { Contender } from './contender.js';
import { startServer } from './process.js';

const STREAM = 'orders';
const GROUP = 'group';
const TAKEN = 2_000;

/** Redis Streams: each write is flushed before it is answered (appendfsync always). */
export async function redisContender(program: string, onStop: Bench['onStop']): Promise<Contender> {
  const port = await freePort();
  const server = await startServer(program, onStop, (dir) => [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir],
    ...['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''],
  ]);
  // A connection a sender: one flush then serves what all of them have sent.
  const connections = await Promise.all(
    Array.from({ length: SENDERS }, () => server.untilReady(() => connectTo(port))),
  );
  const first = connections[0]!;
  return {
    name: 'redis-streams',
    note: `appendfsync always; pipelines of 500 XADD on ${SENDERS} connections; XREADGROUP of ${TAKEN} reading ahead, XACK`,
    prepare: async () => {
      await first.del(STREAM);
      await first.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
    },
    produce: (values) => sendAll(values, (portion, sender) => add(connections[sender]!, portion)),
    consume: async (count) => {
      const startedAt = performance.now();
      await takeAll(first, count);
      return secondsSince(startedAt);
    },
    close: async () => {
      for (const connection of connections) connection.disconnect();
      await server.stop();
    },
  };
}

async function connectTo(port: number): Promise<Redis> {
  const redis = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => {}); // `connect` says it too.
  await redis.connect();
  return redis;
}

async function add(redis: Redis, portion: readonly string[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const value of portion) pipeline.xadd(STREAM, '*', 'v', value);
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}

/** Asks for the next entries before it handles those that came; acknowledgements are awaited at the end. */
async function takeAll(redis: Redis, count: number): Promise<void> {
  const read = () => redis.xreadgroup('GROUP', GROUP, 'me', 'COUNT', TAKEN, 'STREAMS', STREAM, '>');
  const acknowledged: Promise<number>[] = [];
  let next = read();
  for (let seen = 0; seen < count;) {
    const answer = (await next) as [string, [string, string[]][]][] | null;
    const entries = answer?.[0]?.[1] ?? [];
    if (entries.length === 0) throw new Error(`the stream ended after ${seen} of ${count} entries`);
    seen += entries.length;
    if (seen < count) next = read();
    for (const [, fields] of entries) parse(fields[1]!);
    acknowledged.push(redis.xack(STREAM, GROUP, ...entries.map(([id]) => id)));
  }
  const total = (await Promise.all(acknowledged)).reduce((sum, each) => sum + each, 0);
  if (total !== count) throw new Error(`${total} of ${count} entries were acknowledged`);
}
