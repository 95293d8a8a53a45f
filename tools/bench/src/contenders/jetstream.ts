import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AckPolicy, jetstream, jetstreamManager, StorageType, type JetStreamClient } from '@nats-io/jetstream';
import { connect, createInbox, type NatsConnection } from '@nats-io/transport-node';
import { freePort } from '@postlog/core/testing';
import type { Bench } from '../bench.js';
import { parse, secondsSince, sendAll } from '../workload.js';
import type { Contender } from './contender.js';
import { startServer } from './process.js';

const TAKEN = 5_000;
const CONSUMER = 'me';

/**
 * NATS JetStream with file storage. Flushed before each acknowledgement where the server can (`sync_interval: always`, from 2.10
 * on); an older one acknowledges first and flushes minutes later, which its name then says.
 */
export async function jetstreamContender(program: string, onStop: Bench['onStop']): Promise<Contender> {
  const port = await freePort();
  const isDurable = canFlush(program);
  const server = await startServer(program, onStop, async (folder) => {
    const config = join(folder, 'nats.conf');
    const sync = isDurable ? ', sync_interval: always' : '';
    await writeFile(config, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}/js"${sync} }\n`);
    return ['-c', config];
  });
  const nats = await server.untilReady(() => connect({ servers: `127.0.0.1:${port}`, timeout: 500 }));
  const manager = await jetstreamManager(nats);
  const client = jetstream(nats);
  const publish = publisher(nats);
  let round = 0;
  const stream = () => `round_${round}`;
  return {
    name: isDurable ? 'jetstream' : 'jetstream (not flushed)',
    note: `file storage, ${isDurable ? 'sync_interval always' : 'this server cannot flush before it acknowledges'}; 500 publishes outstanding a sender, fetch of ${TAKEN} with ack all`,
    prepare: async () => {
      if (round > 0) await manager.streams.delete(stream());
      round += 1;
      await manager.streams.add({ name: stream(), subjects: [stream()], storage: StorageType.File });
      await manager.consumers.add(stream(), {
        durable_name: CONSUMER,
        ack_policy: AckPolicy.All,
        max_ack_pending: 2 * TAKEN,
      });
    },
    produce: (values) => sendAll(values, (portion) => publish(stream(), portion)),
    consume: async (count) => {
      const startedAt = performance.now();
      await takeAll(client, stream(), count);
      return secondsSince(startedAt);
    },
    close: async () => {
      await nats.close();
      await server.stop();
    },
  };
}

/**
 * Publishes a portion and waits for an acknowledgement of each, all on one subscription: the asynchronous publish of the other
 * NATS clients. This client's own `publish` makes a request object of each and reaches an eighth of the rate.
 */
function publisher(nats: NatsConnection): (subject: string, portion: readonly string[]) => Promise<void> {
  const inbox = createInbox();
  const waiting = new Map<string, { left: number; resolve: () => void; reject: (error: Error) => void }>();
  let portions = 0;
  nats.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      const portion = waiting.get(message.subject);
      if (portion === undefined) return;
      portion.left -= 1;
      const text = error === null ? message.string() : '';
      if (error !== null || !text.includes('"seq":')) portion.reject(error ?? new Error(`not stored: ${text}`));
      else if (portion.left > 0) return;
      waiting.delete(message.subject);
      portion.resolve();
    },
  });
  return (subject, portion) =>
    new Promise((resolve, reject) => {
      const reply = `${inbox}.${portions++}`;
      waiting.set(reply, { left: portion.length, resolve, reject });
      for (const value of portion) nats.publish(subject, value, { reply });
    });
}

async function takeAll(client: JetStreamClient, stream: string, count: number): Promise<void> {
  const consumer = await client.consumers.get(stream, CONSUMER);
  for (let seen = 0; seen < count;) {
    const messages = await consumer.fetch({ max_messages: Math.min(TAKEN, count - seen), expires: 5_000 });
    let last: { ackAck(): Promise<boolean> } | undefined;
    for await (const message of messages) {
      parse(message.string());
      seen += 1;
      last = message;
    }
    if (last === undefined) throw new Error(`the stream ended after ${seen} of ${count} messages`);
    if (!(await last.ackAck())) throw new Error('an acknowledgement was not confirmed');
  }
}

function canFlush(program: string): boolean {
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' })) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 10);
}
