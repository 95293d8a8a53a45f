/**
 * A member of the group, in a process of its own, that writes down what its handler does before it does anything else. Told by
 * one argument, JSON of `MemberOptions`.
 */
import { openSync, writeSync } from 'node:fs';
import { connect, PostlogError, type ConsumerRun } from '@postlog/core';
import type { ProcessEvent } from './history.js';
import type { MemberOptions } from './member.js';
import { plantInMember } from './plants.js';
import { randomOf } from './schedule.js';

const options = JSON.parse(process.argv[2]!) as MemberOptions;
const file = openSync(options.file, 'a');
const now = () => performance.timeOrigin + performance.now();
const say = (event: ProcessEvent) => void writeSync(file, `${JSON.stringify(event)}\n`);
const random = randomOf(options.seed);
const work = () => new Promise((wake) => setTimeout(wake, random() * options.handlerMs * 2));

if (options.plant !== undefined) await plantInMember(options.plant);
const postlog = await connect({ url: options.url, clientId: options.name, logger: null, services: false });
const consumer = postlog.consumer({
  groupId: options.groupId,
  sessionTimeout: options.sessionTimeout,
  heartbeatInterval: Math.floor(options.sessionTimeout / 5),
  rebalanceTimeout: 10_000,
  autoOffsetReset: 'earliest',
});
consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
  say({ kind: 'joined', at: now(), memberId: String(payload['memberId']) }),
);

interface Message {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}
const begin = (partition: number, { offset, key, value }: Message) =>
  say({ kind: 'begin', at: now(), partition, offset: Number(offset), key: String(key), value: String(value) });
const end = (partition: number, { offset }: Message) =>
  say({ kind: 'end', at: now(), partition, offset: Number(offset) });

const each: ConsumerRun['eachMessage'] = async ({ partition, message }) => {
  begin(partition, message);
  await work();
  end(partition, message);
};
const runs: Record<MemberOptions['mode'], ConsumerRun> = {
  each: { autoCommitInterval: 200, partitionsConsumedConcurrently: 3, eachMessage: each },
  keyed: { autoCommitThreshold: 20, partitionsConsumedConcurrently: 2, keyConcurrency: 4, eachMessage: each },
  batch: {
    autoCommitInterval: 300,
    partitionsConsumedConcurrently: 2,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset, isStale, isRunning }) => {
      for (const message of batch.messages) {
        if (isStale() || !isRunning()) return;
        begin(batch.partition, message);
        await work();
        end(batch.partition, message);
        resolveOffset(message.offset);
      }
    },
  },
  manual: {
    autoCommit: false,
    eachMessage: async (payload) => {
      await each(payload);
      const offset = String(BigInt(payload.message.offset) + 1n);
      await consumer
        .commitOffsets([{ topic: payload.topic, partition: payload.partition, offset }])
        .catch((error: unknown) =>
          say({ kind: 'refused', at: now(), code: error instanceof PostlogError ? error.code : String(error) }),
        );
    },
  },
};
await consumer.subscribe({ topics: [options.topic] });
await consumer.run(runs[options.mode]);

process.on('SIGTERM', () => void postlog.close().then(() => process.exit(0)));
// Whoever watches is gone.
process.on('disconnect', () => process.exit(0));
