import type { Postlog, Producer } from '@postlog/core';

/** What every contender does: portions handed over by senders that each wait for theirs, and values parsed by who takes them. */

export const SENDERS = 4;
const HANDOVER = 500;
export const PARTITIONS = 4;

/** Hands over all values in portions, so many senders at a time; each waits for its portion before the next. Answers seconds. */
export async function sendAll<T>(
  values: readonly T[],
  send: (portion: T[], sender: number) => Promise<unknown>,
  senders = SENDERS,
): Promise<number> {
  const startedAt = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: senders }, async (_, sender) => {
      while (next < values.length) {
        const from = next;
        next += HANDOVER;
        await send(values.slice(from, next), sender);
      }
    }),
  );
  return secondsSince(startedAt);
}

export function sendTo(producer: Producer, topic: string): (portion: string[]) => Promise<unknown> {
  return (portion) => producer.send({ topic, messages: portion.map((value) => ({ value })) });
}

export interface Drain {
  readonly topic: string;
  readonly count: number;
  readonly onValue?: (value: Buffer) => void;
  /** A group goes on where it committed; [a new one, from the beginning]. */
  readonly groupId?: string;
  /** `'all'` of the work, with joining the group and the last commit, or `'reading'` only [`'all'`]. */
  readonly timed?: 'all' | 'reading';
}

/** Reads `count` records with one consumer that commits by itself. Answers seconds. */
export async function drain(
  postlog: Postlog,
  { topic, count, onValue = () => {}, groupId = newGroup(), timed = 'all' }: Drain,
): Promise<number> {
  const consumer = postlog.consumer({ groupId });
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  let startedAt = performance.now();
  if (timed === 'reading') consumer.on(consumer.events.GROUP_JOIN, () => (startedAt = performance.now()));
  let seen = 0;
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload['error'] as Error));
    consumer
      .run({
        eachBatch: ({ batch }) => {
          for (const { value } of batch.messages) onValue(value!);
          seen += batch.messages.length;
          if (seen >= count) resolve();
        },
      })
      .catch(reject);
  });
  const read = secondsSince(startedAt);
  // The last commit belongs to the work; the pause since the last record does not.
  const stopping = performance.now();
  await consumer.disconnect();
  return timed === 'all' ? read + secondsSince(stopping) : read;
}

/** A group that has read everything up to now, so that it goes on with what comes next. */
export async function groupAtEnd(postlog: Postlog, topic: string): Promise<string> {
  const groupId = newGroup();
  const ends = await postlog.admin().fetchTopicOffsets(topic);
  const consumer = postlog.consumer({ groupId });
  await consumer.subscribe({ topics: [topic] });
  const joined = new Promise<void>((resolve) => void consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({ eachBatch: () => {} });
  await joined;
  await consumer.commitOffsets(ends.map(({ partition, offset }) => ({ topic, partition, offset })));
  await consumer.disconnect();
  return groupId;
}

let groups = 0;

function newGroup(): string {
  return `bench-${process.pid}-${groups++}`;
}

let sum = 0;

/** Parses, and uses the result, so that nothing is optimised away. */
export function parse(value: Buffer | string): void {
  use(JSON.parse(value.toString()));
}

/** For what a driver has parsed already. */
export function use(value: unknown): void {
  sum += (value as { total?: number }).total ?? 0;
}

/** The totals of all that was parsed so far: shows whether everything was really read. */
export function checksum(): number {
  return sum;
}

export function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}
