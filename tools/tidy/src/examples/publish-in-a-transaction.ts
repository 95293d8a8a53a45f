import { connect } from '@postlog/core';
import pg from 'pg';

const url = process.env['DATABASE_URL']!;
const postlog = await connect({ url });
await postlog.admin().createTopics({ topics: [{ topic: 'purchases', numPartitions: 4 }] });
const producer = postlog.producer();

const client = new pg.Client({ connectionString: url });
await client.connect();
await client.query('create table purchase (id text primary key, item text not null)');

async function buy(id: string, item: string): Promise<void> {
  await client.query('begin');
  try {
    await producer.send({ topic: 'purchases', messages: [{ key: id, value: item }], transaction: client });
    await client.query('insert into purchase values ($1, $2)', [id, item]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

await buy('1', 'tea');
await buy('1', 'coffee').catch(() => console.log('there is a purchase 1 already'));
await buy('2', 'cake');

const consumer = postlog.consumer({ groupId: 'shipping' });
await consumer.subscribe({ topics: ['purchases'], fromBeginning: true });
const shipped: string[] = [];
await consumer.run({ eachMessage: ({ message }) => void shipped.push(String(message.value)) });
while (shipped.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));

console.log(`shipped: ${shipped.sort().join(', ')}`);
await client.end();
await postlog.close();
