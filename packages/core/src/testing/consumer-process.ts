/**
 * A consumer in a process of its own, for specs that kill it: says each record it handled on standard output.
 * Told by arguments: url, topic, group, session timeout in milliseconds.
 */
import { connect } from '../index.js';

const [url, topic, groupId, sessionTimeout] = process.argv.slice(2);
const postlog = await connect({ url: url!, logger: null, clientId: `child-${process.pid}` });
const consumer = postlog.consumer({
  groupId: groupId!,
  sessionTimeout: Number(sessionTimeout),
  heartbeatInterval: 100,
});
await consumer.subscribe({ topics: [topic!], fromBeginning: true });
await consumer.run({
  autoCommitInterval: 20,
  partitionsConsumedConcurrently: 4,
  eachMessage: ({ message }) => {
    process.stdout.write(`${String(message.value)}\n`);
  },
});
