import type { Consumer, ConsumerRun, EachMessagePayload } from '../index.js';

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
