import pg from 'pg';
import { connect, type ConnectOptions, type Postlog, type Producer } from '../index.js';
import { logEnds, read } from '../log/log.store.js';
import { describeTopics } from '../log/topic.store.js';
import type { Database } from '../postgres/database.js';
import { offset } from '../record/offset.js';
import { decodeBatch } from '../record/record-batch-reader.js';
import { until } from './collect.js';
import { migratedDatabase } from './migrated-database.js';

export interface OutboxWorld {
  readonly url: string;
  readonly database: Database;
  readonly postlog: Postlog;
  readonly producer: Producer;
  /** Another process on the same database. */
  connect(options?: Partial<ConnectOptions>): Promise<Postlog>;
  /** A connection of the application's. */
  client(): Promise<pg.Client>;
  /** The same, in a transaction; `how` follows "begin". */
  begin(how?: string): Promise<pg.Client>;
  /** The values that partition 0 of a topic holds, in order. */
  values(topic?: string): Promise<string[]>;
  /** Resolves with them when there are so many. */
  untilStored(count: number, topic?: string): Promise<string[]>;
  drop(): Promise<void>;
}

/** A process that publishes, one that sequences unless `services` is false, and an application's table; topic `t` has one partition. */
export async function outboxWorld(options: Partial<ConnectOptions> = {}): Promise<OutboxWorld> {
  const { url, database, drop } = await migratedDatabase();
  const connected: Postlog[] = [];
  const clients: pg.Client[] = [];
  const connectMore = async (more: Partial<ConnectOptions> = {}) => {
    const postlog = await connect({ url, logger: null, ...more });
    connected.push(postlog);
    return postlog;
  };
  const postlog = await connectMore(options);
  await postlog.admin().createTopics({ topics: [{ topic: 't' }] });
  const client = async () => {
    const opened = new pg.Client({ connectionString: url });
    opened.on('error', () => {}); // Specs end connections.
    clients.push(opened);
    await opened.connect();
    return opened;
  };
  await (await client()).query('create table orders (id text primary key)');
  const values = (topic = 't') => valuesOf(database, topic);
  return {
    url,
    database,
    postlog,
    producer: postlog.producer(),
    connect: connectMore,
    client,
    begin: async (how = '') => {
      const opened = await client();
      await opened.query(`begin ${how}`);
      return opened;
    },
    values,
    untilStored: async (count, topic) => {
      let stored: string[] = [];
      await until(async () => (stored = await values(topic)).length >= count);
      return stored;
    },
    drop: async () => {
      await Promise.all(clients.map((each) => each.end().catch(() => {})));
      await Promise.all(connected.map((each) => each.close()));
      await drop();
    },
  };
}

async function valuesOf(database: Database, topic: string): Promise<string[]> {
  const [partition] = await describeTopics(database, [topic]);
  const [ends] = await logEnds(database, [partition!.partitionId]);
  const found: string[] = [];
  for (let next = 0; next < Number(ends!.logEndOffset); next = found.length) {
    const [answer] = await read(database, [{ partitionId: partition!.partitionId, fetchOffset: offset(next) }], {
      partitionMaxBytes: 1e6,
      maxBytes: 1e7,
    });
    for (const { bytes, baseOffset } of answer?.batches ?? []) {
      found.push(...decodeBatch(bytes, { baseOffset }).map(({ value }) => String(value)));
    }
  }
  return found;
}
