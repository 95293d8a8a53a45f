import { PostlogError, type Consumer, type EachBatchPayload, type Postlog } from '@postlog/core';
import type { ClientOptions } from './client-options.js';
import type { EventLog } from './event-log.js';
import { keyOf } from './events.js';

interface Context {
  readonly options: ClientOptions;
  readonly log: EventLog;
}

/** A member of the group that commits after every batch, by itself. */
export async function runMember(postlog: Postlog, proc: string, { options, log }: Context): Promise<Consumer> {
  const { topic, groupId, memberSessionMs } = options;
  const consumer = postlog.consumer({
    groupId,
    autoOffsetReset: 'earliest',
    sessionTimeout: memberSessionMs,
    heartbeatInterval: Math.floor(memberSessionMs / 8),
    rebalanceTimeout: 10_000,
  });
  await consumer.subscribe({ topics: [topic] });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: options.partitions,
    eachBatch: async ({ batch, isStale }) => {
      const key = keyOf(topic, batch.partition);
      const next = Number(batch.lastOffset()) + 1;
      sayPolled(log, { proc, mode: 'member', key }, batch.messages);
      await new Promise((wake) => setTimeout(wake, 5));
      if (isStale()) return;
      log.say({ f: 'process', type: 'ok', proc, value: { [key]: next } });
      const head = { f: 'commit', proc, op: log.nextOp(), value: { [key]: next } } as const;
      log.say({ ...head, type: 'invoke' });
      await consumer.commitOffsets([{ topic, partition: batch.partition, offset: String(next) }]).then(
        () => log.say({ ...head, type: 'ok' }),
        (error: unknown) => {
          const isUnknown = !(error instanceof PostlogError) || error.outcome === 'unknown';
          log.say({ ...head, type: isUnknown ? 'info' : 'fail', err: nameOf(error) });
        },
      );
    },
  });
  return consumer;
}

/** A reader of every partition from its beginning, in no group. */
export async function runReader(postlog: Postlog, proc: string, { options, log }: Context): Promise<Consumer> {
  const { topic, partitions, readerMode: mode } = options;
  const consumer = postlog.consumer({ autoOffsetReset: 'none' });
  const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: '0' }));
  await consumer.assign(all);
  consumer.on(consumer.events.CRASH, ({ payload }) =>
    log.say({ f: 'crash', type: 'info', proc, value: `the reader crashed: ${String(payload['error'])}` }),
  );
  await consumer.run({
    partitionsConsumedConcurrently: partitions,
    eachBatch: ({ batch }) => sayPolled(log, { proc, mode, key: keyOf(topic, batch.partition) }, batch.messages),
  });
  return consumer;
}

/** Asks what the group has committed, once. */
export async function askCommitted(postlog: Postlog, proc: string, { options, log }: Context): Promise<void> {
  const { topic, groupId } = options;
  const head = { f: 'committed', proc, op: log.nextOp() } as const;
  log.say({ ...head, type: 'invoke', value: {} });
  try {
    const [found] = await postlog.admin().fetchOffsets({ groupId, topics: [topic] });
    const entries = (found?.partitions ?? []).map(({ partition, offset }): [string, number] => [
      keyOf(topic, partition),
      Math.max(0, Number(offset)),
    ]);
    log.say({ ...head, type: 'ok', value: Object.fromEntries(entries) });
  } catch (error) {
    log.say({ ...head, type: 'fail', value: {}, err: nameOf(error) });
  }
}

function sayPolled(
  log: EventLog,
  { key, ...head }: { readonly proc: string; readonly mode: 'assign' | 'member' | 'final'; readonly key: string },
  messages: EachBatchPayload['batch']['messages'],
): void {
  const records = messages.map(({ offset, value }): [number, string] => [Number(offset), String(value)]);
  log.say({ f: 'poll', type: 'ok', ...head, value: { [key]: records } });
}

function nameOf(error: unknown): string {
  return error instanceof PostlogError ? error.code : String(error);
}
