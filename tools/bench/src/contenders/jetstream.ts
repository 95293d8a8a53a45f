import { execFileSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@postlog/core/testing';
import { AckPolicy, jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { HANDOVER, parse, sendAll } from '../bench.js';
import type { Contender } from './contender.js';
import { startServer } from './process.js';

/**
 * NATS JetStream with file storage. Flushed before each acknowledgement where the server can (`sync_interval: always`, from 2.10
 * on); an older one acknowledges first and flushes minutes later, which its name then says.
 */
export async function jetstreamContender(program: string): Promise<Contender> {
  const port = await freePort();
  const config = join(await mkdtemp(join(tmpdir(), 'postlog-nats-')), 'nats.conf');
  const isDurable = canFlush(program);
  const sync = isDurable ? ', sync_interval: always' : '';
  await writeFile(config, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "./js"${sync} }\n`);
  const server = await startServer(program, () => ['-c', config]);
  const nats = await untilUp(() => connect({ servers: `127.0.0.1:${port}`, timeout: 500 }));
  const manager = await jetstreamManager(nats);
  const js = jetstream(nats);
  let round = 0;
  const stream = () => `round_${round}`;
  return {
    name: isDurable ? 'jetstream' : 'jetstream (not flushed)',
    note: `file storage, ${isDurable ? 'sync_interval always' : 'this server cannot flush before it acknowledges'}; 500 publishes outstanding, fetch of 500 with ack all`,
    prepare: async () => {
      if (round > 0) await manager.streams.delete(stream());
      round += 1;
      await manager.streams.add({ name: stream(), subjects: [stream()], storage: StorageType.File });
      await manager.consumers.add(stream(), { durable_name: 'me', ack_policy: AckPolicy.All, max_ack_pending: 10_000 });
    },
    produce: (values) => sendAll(values, (portion) => Promise.all(portion.map((value) => js.publish(stream(), value)))),
    consume: async (count) => {
      const startedAt = performance.now();
      const consumer = await js.consumers.get(stream(), 'me');
      for (let seen = 0; seen < count;) {
        const messages = await consumer.fetch({ max_messages: Math.min(HANDOVER, count - seen), expires: 5_000 });
        let last: { ackAck(): Promise<boolean> } | undefined;
        for await (const message of messages) {
          parse(message.string());
          seen += 1;
          last = message;
        }
        await last?.ackAck();
      }
      return (performance.now() - startedAt) / 1000;
    },
    close: async () => {
      await nats.close();
      await server.stop();
    },
  };
}

function canFlush(program: string): boolean {
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' })) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 10);
}

async function untilUp<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries > 50) throw error;
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }
}
