import type { Consumer, ConsumerRun, EachMessagePayload, Postlog } from '../index.js';

interface Seen {
  readonly partition: number;
  readonly offset: string;
  readonly key: string | null;
  readonly value: string | null;
}

export interface Collector {
  readonly seen: Seen[];
  /** Resolves when the condition holds; it is looked at after every record. */
  until(condition: (seen: readonly Seen[]) => boolean): Promise<void>;
}

/** Runs a consumer that keeps what it sees. `before` may be slow, or throw. */
export async function collect(
  consumer: Consumer,
  topics: readonly string[],
  options: { readonly run?: ConsumerRun; readonly before?: (payload: EachMessagePayload) => Promise<void> | void } = {},
): Promise<Collector> {
  const seen: Seen[] = [];
  const waiting = new Set<() => void>();
  await consumer.subscribe({ topics, fromBeginning: true });
  await consumer.run({
    autoCommitInterval: 50,
    partitionsConsumedConcurrently: 4,
    ...options.run,
    eachMessage: async (payload) => {
      await options.before?.(payload);
      const { partition, message } = payload;
      seen.push({
        partition,
        offset: message.offset,
        key: message.key?.toString() ?? null,
        value: message.value?.toString() ?? null,
      });
      for (const look of [...waiting]) look();
    },
  });
  return {
    seen,
    until: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          if (!condition(seen)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

/** A group whose members are missed quickly. */
export const fastGroup = (groupId: string) => ({ groupId, sessionTimeout: 1_500, heartbeatInterval: 100 });

/** The partitions that a consumer owns now. */
export const owns = (consumer: Consumer) => consumer.assignment().flatMap(({ partitions }) => partitions);

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((wake) => setTimeout(wake, 5));
}

/** How many records a group has not committed yet, all partitions together. */
export async function lagOf(postlog: Postlog, groupId: string): Promise<number> {
  const topics = await postlog.admin().fetchOffsets({ groupId });
  return topics.flatMap(({ partitions }) => partitions).reduce((sum, { lag }) => sum + Number(lag), 0);
}
