import { connect } from '@postlog/core';

const postlog = await connect({ url: process.env['DATABASE_URL']! });
const admin = postlog.admin();
await admin.createTopics({ topics: [{ topic: 'payments', numPartitions: 6 }] });
const messages = ['anna', 'bert', 'anna', 'carl'].map((key, n) => ({ key, value: `payment ${n}` }));
await postlog.producer().send({ topic: 'payments', messages });

// Two partitions at a time, four customers of each at a time, each customer's payments in order.
const consumer = postlog.consumer({ groupId: 'booking', groupInstanceId: 'pod-0', autoOffsetReset: 'earliest' });
await consumer.subscribe({ topics: ['payments'] });
let booked = 0;
await consumer.run({
  partitionsConsumedConcurrently: 2,
  keyConcurrency: 4,
  eachMessage: async ({ message }) => {
    await Promise.resolve(`book ${String(message.value)}`);
    booked += 1;
  },
});
while (booked < messages.length) await new Promise((resolve) => setTimeout(resolve, 10));

const [described] = (await admin.describeGroups(['booking'])).groups;
console.log(`${described!.state}, ${described!.members.length} member, ${described!.protocol}`);
await postlog.close();
