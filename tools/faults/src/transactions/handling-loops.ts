import type { Consumer, Postlog, Producer, QueryHandle } from '@postlog/core';
import pg from 'pg';
import { BEGIN, COMMIT, insertEffects, moveMoney, ROLLBACK, transactionId } from './business.store.js';
import type { GroupName } from './events.js';
import { parseValue, TOPIC_OF } from './history.js';
import { clientSettings, pause, type WorkerContext } from './worker-context.js';

const WORK_MS = 12;
/** Some calls take long, so that faults meet them in the middle. */
const LINGER_MS = 500;
const LINGER_CHANCE = 0.15;

interface Call {
  readonly group: GroupName;
  readonly partition: number;
  readonly records: readonly { readonly offset: string; readonly value: string }[];
  readonly transaction: QueryHandle;
}

/** A member of each group; each handler runs in transactions. */
export async function startHandlers(context: WorkerContext, postlog: Postlog, producer: Producer): Promise<void> {
  const { random } = context;
  let calls = 0;
  const handle = async ({ group, partition, records, transaction }: Call, more: () => Promise<unknown>) => {
    const { name } = context.options;
    const head = { f: 'handle', proc: name, call: (calls += 1), group, partition } as const;
    const [{ offset }] = records as [Call['records'][number]];
    const xid = await transactionId(transaction);
    context.say({ ...head, type: 'begin', offset: Number(offset), xid });
    await insertEffects(transaction, { group, partition, process: name }, records);
    await context.onHandling();
    await pause(random() < LINGER_CHANCE ? random() * LINGER_MS : random() * WORK_MS);
    await more();
    context.say({ ...head, type: 'end', offset: Number(offset), xid });
  };

  const copiers = await member(context, postlog, 'copiers');
  await copiers.run({
    transactional: true,
    partitionsConsumedConcurrently: 2,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset, transaction }) => {
      const all = batch.messages.map(({ offset, value }) => ({ offset, value: String(value) }));
      const records = all.slice(0, 1 + Math.floor(random() * all.length));
      const { partition } = batch;
      const messages = records.map(({ value }) => ({ partition, value }));
      await handle({ group: 'copiers', partition, records, transaction }, () =>
        producer.send({ topic: 'copies', messages, transaction }),
      );
      resolveOffset(records.at(-1)!.offset);
    },
  });

  const landers = await member(context, postlog, 'landers');
  await landers.run({
    transactional: true,
    partitionsConsumedConcurrently: 2,
    eachMessage: async ({ partition, message, transaction }) => {
      const records = [{ offset: message.offset, value: String(message.value) }];
      await handle({ group: 'landers', partition, records, transaction }, () => Promise.resolve());
    },
  });

  const tellers = await member(context, postlog, 'tellers');
  const pool = new pg.Pool({ ...clientSettings(context.options), max: 3 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  await tellers.run<pg.PoolClient>({
    transactional: true,
    partitionsConsumedConcurrently: 2,
    runInTransaction: (work) => inTransaction(pool, work),
    eachMessage: async ({ partition, message, transaction }) => {
      const records = [{ offset: message.offset, value: String(message.value) }];
      const { target, amount } = parseValue(String(message.value));
      await handle({ group: 'tellers', partition, records, transaction }, () => moveMoney(transaction, target, amount));
    },
  });
}

async function member({ options, say }: WorkerContext, postlog: Postlog, groupId: GroupName): Promise<Consumer> {
  const { sessionTimeoutMs, name } = options;
  const consumer = postlog.consumer({
    groupId,
    autoOffsetReset: 'earliest',
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: Math.floor(sessionTimeoutMs / 6),
    rebalanceTimeout: 10_000,
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    const { error, restart } = payload as { readonly error: unknown; readonly restart: boolean };
    if (!restart) say({ f: 'crash', proc: name, detail: `a member of ${groupId} crashed for good: ${String(error)}` });
  });
  await consumer.subscribe({ topics: [TOPIC_OF[groupId]] });
  return consumer;
}

async function inTransaction(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    await client.query(BEGIN.readCommitted);
    await work(client);
    await client.query(COMMIT);
    isBroken = false;
  } catch (error) {
    await client.query(ROLLBACK).catch(() => {});
    throw error;
  } finally {
    client.release(isBroken);
  }
}
