import { connect, NonRetriableError } from '@postlog/core';

const postlog = await connect({ url: process.env['DATABASE_URL']!, logger: null });
await postlog.admin().createTopics({ topics: [{ topic: 'invoices' }] });
await postlog.producer().send({
  topic: 'invoices',
  messages: [
    { key: 'ada', value: '{"total":450}' },
    { key: 'bob', value: 'no invoice at all' },
    { key: 'ada', value: '{"total":120}' },
  ],
});

const booked: number[] = [];
function book(value: string): void {
  if (!value.startsWith('{')) throw new NonRetriableError('this is no invoice');
  booked.push((JSON.parse(value) as { total: number }).total);
}

const consumer = postlog.consumer({ groupId: 'accounting' });
await consumer.subscribe({ topics: ['invoices'], fromBeginning: true });
await consumer.run({
  retry: { attempts: 5, delayMs: 200, factor: 2, maxDelayMs: 60_000 },
  onExhausted: 'deadLetter',
  handlerId: 'book-invoice',
  eachMessage: ({ message }) => book(String(message.value)),
});
while (booked.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
console.log(`booked ${booked.join(' and ')}`);

const deadLetters = postlog.deadLetters({ topic: 'invoices', groupId: 'accounting' });
for (const { id, key, errorName, errorMessage, attempts } of await deadLetters.list())
  console.log(`${id}: ${String(key)}, ${errorName}: ${errorMessage} (${attempts})`);

const { purged } = await deadLetters.purge({ errorName: 'NonRetriableError' });
console.log(`${purged} purged, ${(await deadLetters.requeue({ all: true })).requeued} requeued`);
await postlog.close();
