import type { Postlog, Producer } from '@postlog/core';
import pg from 'pg';
import { moveMoney } from './business.store.js';
import { member, type Handle } from './handling.js';
import { parseValue } from './history.js';
import { clientSettings, inTransaction, type WorkerContext } from './worker-context.js';

/** A member of each group whose handlers never fail by themselves; each runs in transactions. */
export async function startHandlers(
  context: WorkerContext,
  postlog: Postlog,
  producer: Producer,
  handle: Handle,
): Promise<void> {
  const { random } = context;
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
