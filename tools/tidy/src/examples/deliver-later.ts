import { connect } from '@postlog/core';

const postlog = await connect({ url: process.env['DATABASE_URL']! });
await postlog.admin().createTopics({ topics: [{ topic: 'reminders' }] });
const producer = postlog.producer();

const remind = (customer: string, delayMs: number) =>
  producer.send({ topic: 'reminders', messages: [{ key: customer, value: 'your basket is waiting' }], delayMs });

await remind('mia', 300);
await remind('noah', 200);
const { id, deliverAt } = await remind('emma', 3_600_000);

// Emma has bought what was in her basket.
const wasInTime = await producer.cancel(id);
console.log(`cancelled ${deliverAt > new Date() ? 'an hour before' : 'too late'}: ${wasInTime}`);

const consumer = postlog.consumer({ groupId: 'mail' });
await consumer.subscribe({ topics: ['reminders'], fromBeginning: true });
const reminded: string[] = [];
await consumer.run({ eachMessage: ({ message }) => void reminded.push(String(message.key)) });
while (reminded.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));

console.log(`reminded: ${reminded.join(', ')}`);
await postlog.close();
