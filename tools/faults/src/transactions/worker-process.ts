/**
 * A process of the application: it publishes in transactions, handles in transactions, and runs services. It writes down what it does before it does
 * anything else. Told by one argument, JSON of `WorkerOptions`.
 */
import { connect, type Postlog } from '@postlog/core';
import { startFailing } from './failing-loops.js';
import { handling } from './handling.js';
import { startHandlers } from './handling-loops.js';
import { plantInWorker } from './transactions-plants.js';
import { publishOrders, sendJobs, sendSource, transferMoney } from './publishing-loops.js';
import { pause, workerContext } from './worker-context.js';
import type { WorkerAnswer, WorkerOptions, WorkerOrder } from './worker-options.js';

const ORDER_SENDERS = 2;
/** Long enough for whoever awaited it to do something, on a busy machine too. */
const HANDLING_MS = 1_000;

const options = JSON.parse(process.argv[2]!) as WorkerOptions;
const tell = (answer: WorkerAnswer) => void process.send!(answer);
let { isPublishing } = options;
let isHandlingAwaited = false;
process.on('message', (order: WorkerOrder) => {
  if (order === 'stop-publishing') isPublishing = false;
  else isHandlingAwaited = true;
});
process.on('SIGTERM', () => void end());
// Whoever watches is gone.
process.on('disconnect', () => process.exit(0));

if (options.plant !== undefined) await plantInWorker(options.plant, options);
const context = workerContext(options, {
  isPublishing: () => isPublishing,
  onHandling: async () => {
    if (!isHandlingAwaited) return;
    isHandlingAwaited = false;
    tell('handling');
    await pause(HANDLING_MS);
  },
});
const postlog = await connected();
const producer = postlog.producer();
const handle = handling(context);
await startHandlers(context, postlog, producer, handle);
await startFailing(context, postlog, handle);
tell('attached');
const senders = Array.from({ length: ORDER_SENDERS }, (_, place) => `${options.name}.${place}`);
await Promise.all([
  ...senders.map((sender) => publishOrders(context, producer, sender)),
  transferMoney(context, producer, `${options.name}.money`),
  sendSource(context, producer, `${options.name}.source`),
  sendJobs(context, producer, `${options.name}.jobs`),
]);
tell('stopped-publishing');

/** The database may be gone just now. */
async function connected(): Promise<Postlog> {
  for (;;) {
    try {
      return await connect({ ...options.connection, clientId: options.name, logger: null, connectionTimeout: 3_000 });
    } catch {
      await pause(200);
    }
  }
}

async function end(): Promise<void> {
  await postlog.close();
  process.exit(0);
}
