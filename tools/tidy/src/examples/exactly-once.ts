import { connect } from '@postlog/core';
import pg from 'pg';

const url = process.env['DATABASE_URL']!;
const postlog = await connect({ url });
await postlog.admin().createTopics({ topics: [{ topic: 'payments' }, { topic: 'receipts' }] });
const producer = postlog.producer();
await producer.send({
  topic: 'payments',
  messages: [
    { key: 'anna', value: '30' },
    { key: 'anna', value: '12' },
  ],
});

const client = new pg.Client({ connectionString: url });
await client.connect();
await client.query(
  "create table account (owner text primary key, balance int not null); insert into account values ('anna', 0)",
);

const booking = postlog.consumer({ groupId: 'booking', retry: { initialRetryTime: 10 } });
await booking.subscribe({ topics: ['payments'], fromBeginning: true });
let calls = 0;
await booking.run<pg.ClientBase>({
  transactional: true,
  eachMessage: async ({ message, transaction }) => {
    await transaction.query('update account set balance = balance + $2 where owner = $1', [
      String(message.key),
      Number(message.value),
    ]);
    await producer.send({ topic: 'receipts', messages: [{ key: message.key, value: message.value }], transaction });
    if (++calls === 1) throw new Error('the first call fails, after it booked');
  },
});

const receipts = postlog.consumer({ groupId: 'printing' });
await receipts.subscribe({ topics: ['receipts'], fromBeginning: true });
const printed: string[] = [];
await receipts.run({ eachMessage: ({ message }) => void printed.push(String(message.value)) });
while (printed.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));

const { rows } = await client.query<{ balance: number }>('select balance from account');
console.log(`${calls} calls, balance ${rows[0]!.balance}, receipts for ${printed.join(' and ')}`);
await client.end();
await postlog.close();
