import type { Consumer, Postlog, QueryHandle } from '@postlog/core';
import { insertEffects, transactionId } from './business.store.js';
import type { GroupName, HandlingGroup } from './events.js';
import { TOPIC_OF } from './history.js';
import { pause, type WorkerContext } from './worker-context.js';

const WORK_MS = 12;
/** Some calls take long, so that faults meet them in the middle. */
const LINGER_MS = 500;
const LINGER_CHANCE = 0.15;
const SUBSCRIBED: Readonly<Record<HandlingGroup, string>> = { ...TOPIC_OF, parkers: TOPIC_OF.triers };

interface Call {
  readonly group: GroupName;
  readonly partition: number;
  readonly records: readonly { readonly offset: string; readonly value: string }[];
  readonly transaction: QueryHandle;
}

/** What a handler does in its transaction, with `more` as its end. */
export type Handle = (call: Call, more: () => Promise<unknown>) => Promise<void>;

export function handling(context: WorkerContext): Handle {
  const { random } = context;
  let calls = 0;
  return async ({ group, partition, records, transaction }, more) => {
    const { name } = context.options;
    const head = { f: 'handle', proc: name, call: (calls += 1), group, partition } as const;
    const [{ offset }] = records as [Call['records'][number]];
    const xid = await transactionId(transaction);
    context.say({ ...head, type: 'begin', offset: Number(offset), xid });
    await insertEffects(transaction, { group, partition, process: name }, records);
    await context.onHandling();
    await pause(random() < LINGER_CHANCE ? random() * LINGER_MS : random() * WORK_MS);
    await more();
    context.say({ ...head, type: 'end', offset: Number(offset), xid });
  };
}

/** A member of a group, which is not running yet. */
export async function member(
  { options, say }: WorkerContext,
  postlog: Postlog,
  groupId: HandlingGroup,
): Promise<Consumer> {
  const { sessionTimeoutMs, name } = options;
  const consumer = postlog.consumer({
    groupId,
    autoOffsetReset: 'earliest',
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: Math.floor(sessionTimeoutMs / 6),
    rebalanceTimeout: 10_000,
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    const { error, restart } = payload as { readonly error: unknown; readonly restart: boolean };
    if (!restart) say({ f: 'crash', proc: name, detail: `a member of ${groupId} crashed for good: ${String(error)}` });
  });
  await consumer.subscribe({ topics: [SUBSCRIBED[groupId]] });
  return consumer;
}
