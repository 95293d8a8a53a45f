/**
 * The producer of the latency measure, in a process of its own: sends at a steady rate, each record carrying the moment it
 * was handed over. Told by arguments: url, topic, records a second, seconds, pauses between single records.
 */
import { connect } from '@postlog/core';

const [url, topic, rate, seconds, idleRepeats] = process.argv.slice(2);
const postlog = await connect({ url: url!, logger: null });
const producer = postlog.producer();
const now = () => performance.timeOrigin + performance.now();
const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms));
const send = (kind: string) =>
  producer.send({ topic: topic!, messages: [{ value: JSON.stringify({ kind, sentAt: now() }) }] });

await send('warm');
await pause(1_000);
for (let repeat = 0; repeat < Number(idleRepeats); repeat++) {
  await pause(1_000 + Math.random() * 2_000);
  await send('idle');
}
const startedAt = performance.now();
const total = Number(rate) * Number(seconds);
const pending: Promise<unknown>[] = [];
for (let sent = 0; sent < total;) {
  const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * Number(rate)) + 1);
  for (; sent < due; sent++) pending.push(send('steady'));
  await pause(1);
}
await Promise.all(pending);
await send('last');
await postlog.close();
