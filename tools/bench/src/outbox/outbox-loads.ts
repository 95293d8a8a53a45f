import { connect, type Postlog, type Producer } from '@postlog/core';
import type pg from 'pg';
import type { Bench } from '../bench.js';
import { openClient } from '../client.js';
import { quantile } from '../report.js';
import { jsonValues } from '../values.js';
import { drain, parse, PARTITIONS, secondsSince, sendAll, sendTo } from '../workload.js';
import { OrderTable, ordersOf } from './order-table.js';

const LATENCY_RATE = 200;

/** Everything that is measured of transactions, on one database, over and over. */
export class OutboxLoads {
  readonly url: string;
  readonly #bench: Bench;
  readonly #postlog: Postlog;
  readonly #producer: Producer;
  readonly #client: pg.Client;
  readonly #orders: OrderTable;
  #topics = 0;
  #isFillable = false;

  private constructor(
    bench: Bench,
    url: string,
    parts: { readonly postlog: Postlog; readonly client: pg.Client; readonly orders: OrderTable },
  ) {
    this.#bench = bench;
    this.url = url;
    this.#postlog = parts.postlog;
    this.#producer = parts.postlog.producer();
    this.#client = parts.client;
    this.#orders = parts.orders;
  }

  static async open(bench: Bench): Promise<OutboxLoads> {
    const url = await bench.database();
    const postlog = await connect({ url, logger: null, services: false });
    bench.onStop(() => postlog.close());
    const client = await openClient(bench, url);
    const orders = await OrderTable.open(bench, url);
    await client.query('create table counter (id integer primary key, value bigint not null) with (fillfactor = 50)');
    await client.query('insert into counter values (1, 0)');
    return new OutboxLoads(bench, url, { postlog, client, orders });
  }

  /** Transactions a second that save an order and publish it. */
  async publish(): Promise<number> {
    const topic = await this.#topic(PARTITIONS);
    return this.#withServices(() =>
      this.#orders.save(ordersOf(this.#bench.sizes), (transaction, value) =>
        this.#producer.send({ topic, messages: [{ value }], transaction }),
      ),
    );
  }

  /** Milliseconds from before the commit to the handler, at 200 transactions a second, each of one record. */
  async commitToHandler(seconds: number): Promise<number[]> {
    const topic = await this.#topic(PARTITIONS);
    const total = Math.max(4, Math.round(LATENCY_RATE * seconds));
    const times: number[] = [];
    return this.#withServices(async (postlog) => {
      const consumer = postlog.consumer({ groupId: topic });
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      const joined = new Promise<void>((resolve) => void consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
      const allSeen = new Promise<void>((resolve) => {
        void consumer.run({
          partitionsConsumedConcurrently: PARTITIONS,
          eachMessage: ({ message }) => {
            times.push(performance.now() - Number(message.value));
            if (times.length === total) resolve();
          },
        });
      });
      await joined;
      await this.#commitSteadily(topic, total);
      await allSeen;
      await consumer.disconnect();
      return times;
    });
  }

  async medianLatency(seconds: number): Promise<number> {
    return quantile(await this.commitToHandler(seconds), 0.5);
  }

  /** Records a second from a backlog of transactions of one record each, from the moment a process with services connects. */
  async drainBacklog(backlog: number): Promise<number> {
    const topic = await this.#topic(PARTITIONS);
    await this.#fill(topic, backlog);
    const startedAt = performance.now();
    return this.#withServices(async () => {
      await this.#untilStored(topic, backlog + PARTITIONS);
      return backlog / secondsSince(startedAt);
    });
  }

  /** A topic for both ways of consuming. */
  async fillTopic(records: number): Promise<string> {
    const topic = await this.#topic(PARTITIONS);
    await sendAll(jsonValues(records), sendTo(this.#producer, topic));
    return topic;
  }

  /** Records a second, in batches, with automatic commits. */
  async consumePlain(topic: string, count: number): Promise<number> {
    return count / (await drain(this.#postlog, { topic, count, onValue: parse }));
  }

  /** The same, a transaction a batch. */
  async consumeInTransactions(topic: string, count: number): Promise<number> {
    const consumer = this.#postlog.consumer({ groupId: `transactional-${this.#topics++}` });
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const startedAt = performance.now();
    let seen = 0;
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload['error'] as Error));
      consumer
        .run({
          transactional: true,
          eachBatch: ({ batch }) => {
            for (const { value } of batch.messages) parse(value!);
            seen += batch.messages.length;
            if (seen >= count) resolve();
          },
        })
        .catch(reject);
    });
    await consumer.disconnect();
    return count / secondsSince(startedAt);
  }

  /** Records a second, a transaction each, in which a row is updated; without joining the group. */
  async handleSingly(): Promise<number> {
    const { singles } = this.#bench.sizes.outbox;
    const topic = await this.#topic(1);
    await this.#producer.send({ topic, messages: jsonValues(singles).map((value) => ({ value })) });
    const consumer = this.#postlog.consumer({ groupId: topic });
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    let startedAt = 0;
    let seen = 0;
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload['error'] as Error));
      consumer
        .run({
          transactional: true,
          eachMessage: async ({ transaction }) => {
            if (seen === 0) startedAt = performance.now();
            await transaction.query(COUNT, []);
            if (++seen === singles) resolve();
          },
        })
        .catch(reject);
    });
    const seconds = secondsSince(startedAt);
    await consumer.disconnect();
    return singles / seconds;
  }

  /** The same statements without Postlog. */
  async updateSingly(): Promise<number> {
    const { singles } = this.#bench.sizes.outbox;
    const startedAt = performance.now();
    for (let done = 0; done < singles; done++) {
      await this.#client.query('begin');
      await this.#client.query(COUNT, []);
      await this.#client.query('commit');
    }
    return singles / secondsSince(startedAt);
  }

  async #topic(numPartitions: number): Promise<string> {
    const topic = `outbox-${this.#topics++}`;
    await this.#postlog.admin().createTopics({ topics: [{ topic, numPartitions }] });
    return topic;
  }

  /** A process, as far as the outbox knows, that runs the sequencer. */
  async #withServices<T>(work: (postlog: Postlog) => Promise<T>): Promise<T> {
    const postlog = await connect({ url: this.url, logger: null });
    try {
      return await work(postlog);
    } finally {
      await postlog.close();
    }
  }

  async #commitSteadily(topic: string, total: number): Promise<void> {
    const clients = await Promise.all(Array.from({ length: 4 }, () => openClient(this.#bench, this.url)));
    const startedAt = performance.now();
    let next = 0;
    await Promise.all(
      clients.map(async (client) => {
        for (let place = next++; place < total; place = next++) {
          const dueAt = startedAt + (place / LATENCY_RATE) * 1_000;
          if (dueAt > performance.now()) await new Promise((wake) => setTimeout(wake, dueAt - performance.now()));
          await client.query('begin');
          await client.query('insert into orders (value) values ($1)', ['x']);
          // The value is made before the commit, and therefore a little too early.
          await this.#producer.send({ topic, messages: [{ value: String(performance.now()) }], transaction: client });
          await client.query('commit');
        }
      }),
    );
    await Promise.all(clients.map((client) => client.end()));
  }

  /** Transactions of one record each, made from one that was published in the usual way. */
  async #fill(topic: string, rows: number): Promise<void> {
    if (!this.#isFillable) await this.#client.query(FILL);
    this.#isFillable = true;
    const [value] = jsonValues(1);
    await this.#client.query('begin');
    const messages = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, value: value! }));
    await this.#producer.send({ topic, messages, transaction: this.#client });
    await this.#client.query(
      'create temporary table template on commit preserve rows as select * from postlog.outbox where xid = pg_current_xact_id()',
    );
    await this.#client.query('commit');
    await this.#client.query(`set synchronous_commit = off`);
    await this.#client.query('call fill($1)', [rows]);
    await this.#client.query(`set synchronous_commit = on; drop table template`);
  }

  async #untilStored(topic: string, records: number): Promise<void> {
    for (;;) {
      const ends = await this.#postlog.admin().fetchTopicOffsets(topic);
      if (ends.reduce((sum, { high }) => sum + Number(high), 0) >= records) return;
      await new Promise((wake) => setTimeout(wake, 10));
    }
  }
}

const COUNT = 'update counter set value = value + 1 where id = 1';

const FILL = `
  create procedure fill(rows integer) language plpgsql as $$
  declare
    template postlog.outbox[] := array(select t from template t order by t.id);
    row postlog.outbox;
  begin
    for n in 1 .. rows loop
      row := template[1 + n % cardinality(template)];
      insert into postlog.outbox (partition_id, record_count, max_batch_bytes, batch)
      values (row.partition_id, row.record_count, row.max_batch_bytes, row.batch);
      commit;
    end loop;
  end
  $$`;
