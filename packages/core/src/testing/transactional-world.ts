import type pg from 'pg';
import type { EntityManager } from 'typeorm';
import type { Consumer, Postlog, TransactionalRun } from '../index.js';
import { fastGroup, until } from './collect.js';
import { outboxWorld, type OutboxWorld } from './outbox-world.js';

export interface TransactionalWorld extends OutboxWorld {
  publish(...values: string[]): Promise<unknown>;
  /** A member of the group `copiers`, which reads topic `t` from its beginning; `more` are options of its consumer. */
  consumer(postlog?: Postlog, more?: object): Promise<Consumer>;
  /** Inserts a value into the application's table. */
  save(transaction: pg.ClientBase | EntityManager, value: unknown): Promise<void>;
  /** What is in that table, in alphabetic order. */
  saved(): Promise<string[]>;
  /** Resolves with it when there is so much. */
  untilSaved(count: number): Promise<string[]>;
}

export async function transactionalWorld(): Promise<TransactionalWorld> {
  const world = await outboxWorld();
  const saved = async () => {
    const rows = await world.database.query<{ id: string }>({
      name: 'saved',
      text: 'select id from orders order by id',
    });
    return rows.map(({ id }) => id);
  };
  return {
    ...world,
    publish: (...values) => world.producer.send({ topic: 't', messages: values.map((value) => ({ value })) }),
    consumer: async (postlog = world.postlog, more = {}) => {
      const consumer = postlog.consumer({ ...fastGroup('copiers'), retry: { initialRetryTime: 10 }, ...more });
      await consumer.subscribe({ topics: ['t'], fromBeginning: true });
      return consumer;
    },
    save: async (transaction, value) => {
      await (transaction as pg.ClientBase).query('insert into orders values ($1)', [String(value)]);
    },
    saved,
    untilSaved: async (count) => {
      await until(async () => (await saved()).length >= count);
      return saved();
    },
  };
}

export const runTransactional = <T>(consumer: Consumer, options: Omit<TransactionalRun<T>, 'transactional'>) =>
  consumer.run<T>({ transactional: true, autoCommitInterval: 50, ...options });
