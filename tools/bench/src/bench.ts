import type { Postlog, Producer } from '@postlog/core';
import type { Line } from './report.js';

/** How much work a run does. `--quick` runs the same code with little. */
export interface Sizes {
  readonly records: number;
  readonly rivalRecords: number;
  readonly rounds: number;
  readonly rivalRounds: number;
  readonly largeBatches: number;
  readonly seconds: number;
  readonly pinnedSeconds: number;
  readonly idleRepeats: number;
  readonly depth: number;
}

export const FULL: Sizes = {
  records: 400_000,
  rivalRecords: 100_000,
  rounds: 5,
  rivalRounds: 3,
  largeBatches: 2_000,
  seconds: 20,
  pinnedSeconds: 60,
  idleRepeats: 20,
  depth: 5_000_000,
};

export const QUICK: Sizes = {
  records: 2_000,
  rivalRecords: 500,
  rounds: 1,
  rivalRounds: 1,
  largeBatches: 8,
  seconds: 0.5,
  pinnedSeconds: 1,
  idleRepeats: 2,
  depth: 5_000,
};

/** What every measure is given. */
export interface Bench {
  readonly sizes: Sizes;
  /** A fresh database with the schema of Postlog in it. */
  database(): Promise<string>;
  /** Progress, for whoever waits. */
  say(text: string): void;
  /** Something was left out, and why. */
  skip(what: string, why: string): void;
  /** Undone at the end, also after an interruption. */
  onStop(undo: () => Promise<void> | void): void;
}

export type Measure = (bench: Bench) => Promise<Line[]>;

const SENDERS = 4;
export const HANDOVER = 500;
export const PARTITIONS = 4;

const WORDS =
  'amber basil cedar delta ember fjord grove hazel ivory jetty kayak lemon maple north ocean pearl quartz river sable tulip umber velvet willow xenon yarrow zephyr'.split(
    ' ',
  );

/**
 * Values of 200 bytes of JSON, the same for every contender, made before the clock runs: fields that differ and a text of words
 * in no order, so that they compress as an application's records do and no better.
 */
export function jsonValues(count: number): string[] {
  let seed = 42;
  const next = (limit: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % limit;
  return Array.from({ length: count }, (_, index) => {
    let value = `{"id":${index},"customer":"customer-${next(997)}","total":${next(10_000)},"note":"`;
    while (value.length < 198) value += `${WORDS[next(WORDS.length)]} `;
    return `${value.slice(0, 198)}"}`;
  });
}

/** Hands over all values in portions, so many senders at a time; each waits for its portion before the next. Answers seconds. */
export async function sendAll(
  values: readonly string[],
  send: (portion: string[]) => Promise<unknown>,
  senders = SENDERS,
): Promise<number> {
  const startedAt = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: senders }, async () => {
      while (next < values.length) {
        const from = next;
        next += HANDOVER;
        await send(values.slice(from, next));
      }
    }),
  );
  return (performance.now() - startedAt) / 1000;
}

export function sendTo(producer: Producer, topic: string): (portion: string[]) => Promise<unknown> {
  return (portion) => producer.send({ topic, messages: portion.map((value) => ({ value })) });
}

/** Reads a topic from its beginning until `count` records came, parsing each. Answers seconds. */
export async function drain(
  postlog: Postlog,
  topic: string,
  count: number,
  onValue: (value: Buffer) => void,
  mode: 'with commits' | 'reading only' = 'with commits',
): Promise<number> {
  const consumer = postlog.consumer({ groupId: `drain-${topic}-${Math.random()}` });
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  let startedAt = performance.now();
  let seen = 0;
  // Joining a group is no part of reading.
  if (mode === 'reading only') consumer.on(consumer.events.GROUP_JOIN, () => (startedAt = performance.now()));
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
  const read = (performance.now() - startedAt) / 1000;
  // The last commit belongs to the work; what was read ahead beyond the count does not.
  const stopping = performance.now();
  await consumer.disconnect();
  return mode === 'with commits' ? read + (performance.now() - stopping) / 1000 : read;
}

let parsed = 0;

/** Parses, and uses the result, so that nothing is optimised away. */
export function parse(value: Buffer | string): void {
  parsed += (JSON.parse(value.toString()) as { total?: number }).total ?? 0;
}

export function checksum(): number {
  return parsed;
}
