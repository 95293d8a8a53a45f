import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connect, type Postlog } from '../index.js';
import { collect, until } from '../testing/collect.js';
import { startEmbeddedPostgres, type EmbeddedServer } from '../testing/embedded-postgres.js';
import { databaseWithSchema } from '../testing/schema-template.js';

const CONSUMER_PROCESS = fileURLToPath(new URL('../../dist/testing/consumer-process.js', import.meta.url));
const range = (count: number) => Array.from({ length: count }, (_, n) => String(n));
const unique = (values: readonly (string | null)[]) => [...new Set(values)].sort((a, b) => Number(a) - Number(b));

describe('a consumer that dies', () => {
  it('by SIGKILL, leaves its partitions to the others, and no record is lost', async () => {
    if (!existsSync(CONSUMER_PROCESS)) throw new Error('build first: npx nx run-many -t build');
    const { url, drop } = await databaseWithSchema();
    const postlog = await connect({ url, logger: null });
    await postlog.admin().createTopics({ topics: [{ topic: 't', numPartitions: 4 }] });
    const survivor = postlog.consumer({ groupId: 'g', sessionTimeout: 1_000, heartbeatInterval: 100 });
    const { seen } = await collect(survivor, ['t']);
    const child = fork(CONSUMER_PROCESS, [url, 't', 'g', '1000'], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      execArgv: [],
    });
    const handledByChild: string[] = [];
    child.stdout!.on('data', (chunk: Buffer) => handledByChild.push(...chunk.toString().trim().split('\n')));

    const producer = postlog.producer();
    let sent = 0;
    while (handledByChild.length < 20) {
      await producer.send({ topic: 't', messages: [{ key: String(sent), value: String(sent) }] });
      sent += 1;
    }
    child.kill('SIGKILL');
    for (const end = sent + 200; sent < end; sent++)
      await producer.send({ topic: 't', messages: [{ key: String(sent), value: String(sent) }] });
    const all = () => unique([...seen.map(({ value }) => value), ...handledByChild]);
    await until(() => all().length === sent);
    expect(all()).toEqual(range(sent));
    expect(survivor.assignment()).toEqual([{ topic: 't', partitions: [0, 1, 2, 3] }]);
    await postlog.close();
    await drop();
  });
});

describe('Postgres that dies', () => {
  let server: EmbeddedServer;
  let postlog: Postlog;
  beforeAll(async () => {
    server = await startEmbeddedPostgres();
    postlog = await connect({ url: await server.createDatabase('log'), logger: null, requestTimeout: 5_000 });
  });
  afterAll(async () => {
    await postlog.close();
    await server.stop();
  });

  it('by kill -9 while producing and consuming, loses nothing acknowledged and duplicates nothing', async () => {
    await postlog.admin().createTopics({ topics: [{ topic: 't', numPartitions: 2 }] });
    const consumer = postlog.consumer({ groupId: 'g', sessionTimeout: 30_000, heartbeatInterval: 200 });
    const live = await collect(consumer, ['t']);
    const producer = postlog.producer({ retry: { initialRetryTime: 20, maxRetryTime: 100 } });
    const acknowledged: string[] = [];
    let isDone = false;
    const senders = ['a', 'b', 'c', 'd'].map(async (sender) => {
      for (let n = 0; !isDone; n++) {
        const value = `${sender}${n}`;
        await producer.send({ topic: 't', messages: [{ key: sender, value }] });
        acknowledged.push(value);
      }
    });
    for (let crash = 1; crash <= 3; crash++) {
      const before = acknowledged.length;
      await until(() => acknowledged.length > before + 200);
      await server.kill();
      await server.start();
    }
    const before = acknowledged.length;
    await until(() => acknowledged.length > before + 200);
    isDone = true;
    await Promise.all(senders);

    const check = await collect(postlog.consumer({ groupId: 'check' }), ['t']);
    await check.until((seen) => seen.length >= acknowledged.length);
    await until(() => new Set(live.seen.map(({ value }) => value)).size >= acknowledged.length);
    const stored = check.seen.map(({ value }) => value);
    expect(new Set(stored).size).toBe(stored.length);
    expect(acknowledged.filter((value) => !stored.includes(value))).toEqual([]);
    expect(stored).toHaveLength(acknowledged.length);
    for (const sender of ['a', 'b', 'c', 'd']) {
      const numbers = check.seen.filter(({ key }) => key === sender).map(({ value }) => Number(value!.slice(1)));
      expect(numbers).toEqual(numbers.map((_, index) => index));
    }
  }, 60_000);

  it('is reported as an unknown outcome when it stays away for longer than the delivery timeout', async () => {
    await postlog.admin().createTopics({ topics: [{ topic: 'away', numPartitions: 1 }] });
    const producer = postlog.producer({ deliveryTimeoutMs: 500, retry: { initialRetryTime: 20, maxRetryTime: 50 } });
    await producer.send({ topic: 'away', messages: [{ value: 'before' }] });
    await server.kill();
    const error = await producer
      .send({ topic: 'away', messages: [{ value: 'during' }] })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'PostlogError', code: 'NETWORK_EXCEPTION' });
    await server.start();
    // The partition goes on under the next producer epoch.
    const [place] = await postlog.producer().send({ topic: 'away', messages: [{ value: 'after' }] });
    expect(Number(place!.baseOffset)).toBeGreaterThanOrEqual(1);
    await producer.send({ topic: 'away', messages: [{ value: 'after too' }] });
  }, 60_000);

  it('makes connect fail within its deadline, and says why', async () => {
    const startedAt = performance.now();
    const refused = connect({ url: 'postgres://postgres:canary@127.0.0.1:1/x', connectionTimeout: 300, logger: null });
    const error = (await refused.catch((reason: unknown) => reason)) as Error;
    expect(error).toMatchObject({
      code: 'NETWORK_EXCEPTION',
      outcome: 'failed',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
    expect(error.message).not.toContain('canary');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await expect(connect({ url: server.url.replace(':postlog@', ':canary@'), logger: null })).rejects.toMatchObject({
      code: 'CLUSTER_AUTHORIZATION_FAILED',
    });
    await expect(connect({ url: `${server.url}_nowhere`, logger: null })).rejects.toMatchObject({
      code: 'UNSUPPORTED_DATABASE',
    });
    await expect(connect({ url: server.url, migrate: false, logger: null })).rejects.toMatchObject({
      code: 'UNSUPPORTED_DATABASE',
      message: expect.stringContaining('postlog migrate') as string,
    });
  });
});
