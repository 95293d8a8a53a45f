import { connect } from '@postlog/core';

const postlog = await connect({ url: process.env['DATABASE_URL']! });
await postlog.admin().createTopics({ topics: [{ topic: 'orders', numPartitions: 4 }] });

const producer = postlog.producer();
const order = JSON.stringify({ item: 'tea', total: 450 });
const [place] = await producer.send({ topic: 'orders', messages: [{ key: 'customer-1', value: order }] });
console.log(`stored in partition ${place?.partition} at offset ${place?.baseOffset}`);

const consumer = postlog.consumer({ groupId: 'billing' });
await consumer.subscribe({ topics: ['orders'], fromBeginning: true });
await new Promise<void>((resolve, reject) => {
  const eachMessage = ({ message }: { message: { key: Buffer | null; value: Buffer | null } }) => {
    console.log(`${String(message.key)} ordered ${String(message.value)}`);
    resolve();
  };
  consumer.run({ eachMessage }).catch(reject);
});
await postlog.close();
