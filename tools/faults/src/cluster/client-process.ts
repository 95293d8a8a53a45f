/** Producers and consumers of a run, in a process of their own. Told by one argument, JSON of `ClientOptions`, and by messages of its parent. */
import { connect, silentLogger, type Consumer } from '@postlog/core';
import type { ClientAnswer, ClientOptions, ClientOrder } from './client-options.js';
import { askCommitted, runMember, runReader } from './consumer-loops.js';
import { EventLog } from './event-log.js';
import { ProducerLoop } from './producer-loop.js';

const OBSERVE_EVERY_MS = 1_000;

const options = JSON.parse(process.argv[2]!) as ClientOptions;
const log = new EventLog(options.file);
const context = { options, log };
const answer = (what: ClientAnswer) => void process.send?.(what);
// Whoever watches is gone.
process.on('disconnect', () => process.exit(0));

const postlog = await connect({
  brokers: options.brokers,
  metadata: options.metadata,
  clientId: options.name,
  requestTimeout: 5_000,
  connectionTimeout: 3_000,
  logger: silentLogger,
});
const consumers: Consumer[] = [];
for (const name of options.members) consumers.push(await runMember(postlog, name, context));
for (const name of options.readers) consumers.push(await runReader(postlog, name, context));
const producers = options.producers.map((part) => new ProducerLoop(postlog, part, context));
let isAsking = false;
const observer = setInterval(() => {
  if (!options.observes || isAsking) return;
  isAsking = true;
  void askCommitted(postlog, `${options.name}-observer`, context).finally(() => (isAsking = false));
}, OBSERVE_EVERY_MS);

process.on('message', (order: ClientOrder) => {
  if (order === 'stop-producing') {
    void Promise.all(producers.map((producer) => producer.stop())).then(() => answer({ kind: 'drained' }));
  } else {
    clearInterval(observer);
    void Promise.all(consumers.map((consumer) => consumer.disconnect()))
      .then(() => postlog.close())
      .then(() => process.exit(0));
  }
});
answer({ kind: 'attached' });
