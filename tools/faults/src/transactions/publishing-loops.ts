import type { Message, Producer } from '@postlog/core';
import type pg from 'pg';
import {
  BEGIN,
  COMMIT,
  insertPublished,
  moveMoney,
  ROLLBACK,
  ROLLBACK_TO_SAVEPOINT,
  SAVEPOINT,
} from './business.store.js';
import type { Publishing, SentEvent } from './events.js';
import { recordValue } from './history.js';
import { jobValue, nextJob } from './jobs.js';
import { pause, whilePublishing, type WorkerContext } from './worker-context.js';

const MOST_RECORDS = 4;
const MOST_AMOUNT = 90;
/** Some transactions stay open while others go on. */
const LINGER_MS = 400;

interface Publication {
  readonly workload: Publishing;
  readonly id: string;
  readonly isolation: keyof typeof BEGIN;
  /** Before the last send. */
  readonly prepare: (client: pg.Client) => Promise<void>;
  readonly sendLast: (client: pg.Client) => Promise<unknown>;
}

/** Saves orders and publishes their records, one transaction after another; some are rolled back, wholly or to a savepoint, some take long. */
export async function publishOrders(context: WorkerContext, producer: Producer, sender: string): Promise<void> {
  const { random } = context;
  let count = 0;
  await whilePublishing(context, async (client) => {
    const id = `${sender}:${(count += 1)}`;
    const records = 1 + Math.floor(random() * MOST_RECORDS);
    const send = (number: number) =>
      producer.send({
        topic: 'orders',
        // Two keys, so that one transaction's records go to two partitions, perhaps.
        messages: [{ key: `${sender}/${number % 2}`, value: recordValue({ id, number, target: 0, amount: 0 }) }],
        transaction: client,
      });
    await pause(20 + random() * 100);
    await publish(context, client, {
      workload: 'orders',
      id,
      isolation: isolationOf(random()),
      prepare: async () => {
        await insertPublished(client, { workload: 'orders', id, records, amount: 0 });
        for (let number = 0; number < records - 1; number++) await send(number);
        if (random() < 0.1) {
          await client.query(SAVEPOINT);
          await send(MOST_RECORDS);
          await client.query(ROLLBACK_TO_SAVEPOINT);
        }
        if (random() < 0.15) await pause(random() * LINGER_MS);
      },
      sendLast: () => send(records - 1),
    });
  });
}

/** Takes money from an account and sends it to another, which gets it from a handler. */
export async function transferMoney(context: WorkerContext, producer: Producer, sender: string): Promise<void> {
  const { random, options } = context;
  const anyAccount = () => 1 + Math.floor(random() * options.accounts);
  let count = 0;
  await whilePublishing(context, async (client) => {
    const id = `${sender}:${(count += 1)}`;
    const [from, target, amount] = [anyAccount(), anyAccount(), 1 + Math.floor(random() * MOST_AMOUNT)];
    const value = recordValue({ id, number: 0, target, amount });
    await pause(50 + random() * 150);
    await publish(context, client, {
      workload: 'transfers',
      id,
      isolation: 'readCommitted',
      prepare: async () => {
        await moveMoney(client, from, -amount);
        await insertPublished(client, { workload: 'transfers', id, records: 1, amount });
      },
      sendLast: () =>
        producer.send({ topic: 'transfers', messages: [{ key: String(target), value }], transaction: client }),
    });
  });
}

/** Sends records without a transaction. */
export async function sendSource(context: WorkerContext, producer: Producer, sender: string): Promise<void> {
  const { random, isPublishing, options } = context;
  for (let count = 0; isPublishing(); count++) {
    const value = `${sender}:${count}`;
    const partition = Math.floor(random() * options.partitions);
    await pause(60 + random() * 200);
    send(context, producer, 'source', { partition, value });
  }
  await producer.flush();
}

/** Sends what handlers shall fail on. */
export async function sendJobs(context: WorkerContext, producer: Producer, sender: string): Promise<void> {
  const { random, isPublishing } = context;
  for (let count = 0; isPublishing(); count++) {
    const job = nextJob(sender, count, random);
    await pause(100 + random() * 400);
    send(context, producer, 'jobs', { key: job.key, value: jobValue(job) });
  }
  await producer.flush();
}

/** Nobody waits for one: while the database is gone, they pile up. */
function send(
  { say }: WorkerContext,
  producer: Producer,
  topic: SentEvent['f'],
  message: Message & { readonly value: string },
): void {
  const { value } = message;
  void producer.send({ topic, messages: [message] }).then(
    () => say({ f: topic, type: 'ok', value }),
    () => say({ f: topic, type: 'info', value }),
  );
}

/** @throws whatever went wrong; the connection is not to be used again then */
async function publish(context: WorkerContext, client: pg.Client, publication: Publication): Promise<void> {
  const { say, random } = context;
  const { workload, id, isolation, prepare, sendLast } = publication;
  const head = { f: 'publish', workload, id } as const;
  let isCommitting = false;
  try {
    await client.query(BEGIN[isolation]);
    await prepare(client);
    say({ ...head, type: 'begin' });
    await sendLast(client);
    isCommitting = random() > 0.1;
    await client.query(isCommitting ? COMMIT : ROLLBACK);
    say({ ...head, type: isCommitting ? 'ok' : 'fail' });
  } catch (error) {
    say({ ...head, type: isCommitting ? 'info' : 'fail' });
    throw error;
  }
}

function isolationOf(chance: number): keyof typeof BEGIN {
  if (chance < 0.1) return 'serializable';
  return chance < 0.2 ? 'repeatableRead' : 'readCommitted';
}
