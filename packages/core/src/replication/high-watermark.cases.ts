import { offset } from '../record/offset.js';
import type { HighWatermarkInput } from './high-watermark.js';

/** Each case holds for the function in TypeScript and for the one in SQL (rules B12 to B14). */
export interface HighWatermarkCase {
  readonly title: string;
  readonly input: HighWatermarkInput;
  readonly expected: bigint;
}

const LAG_MS = 30_000;
const NEVER = Infinity;

/** Broker 1 leads at end 10; of the others `[log end, caught up so many ms ago]` is known; all three are in sync unless said. */
const led = (
  followers: Readonly<Record<number, readonly [end: number, caughtUpAgoMs: number]>>,
  other: Partial<HighWatermarkInput> = {},
): HighWatermarkInput => ({
  current: offset(3),
  logEndOffset: offset(10),
  leader: 1,
  replicas: [1, 2, 3],
  isr: [1, 2, 3],
  pendingIsr: null,
  minIsr: 2,
  followers: Object.entries(followers).map(([brokerId, [end, caughtUpAgoMs]]) => ({
    brokerId: Number(brokerId),
    logEndOffset: offset(end),
    caughtUpAgoMs,
  })),
  replicaLagTimeMaxMs: LAG_MS,
  ...other,
});

export const HIGH_WATERMARK_CASES: readonly HighWatermarkCase[] = [
  { title: 'is the lowest log end of the ISR', input: led({ 2: [7, 0], 3: [5, 0] }), expected: 5n },
  { title: 'is the leader’s log end when all have everything', input: led({ 2: [10, 0], 3: [10, 0] }), expected: 10n },
  {
    title: 'counts a slow member, for lateness alone does not take it out of the ISR',
    input: led({ 2: [9, 0], 3: [4, NEVER] }),
    expected: 4n,
  },
  {
    title: 'never moves back',
    input: led({ 2: [2, 0], 3: [9, 0] }, { current: offset(6) }),
    expected: 6n,
  },
  { title: 'stands still while a member was never heard of', input: led({ 2: [9, 0] }), expected: 3n },
  {
    title: 'stands still while a member is known from the election only',
    input: led({ 2: [9, 0], 3: [-1, 0] }),
    expected: 3n,
  },
  {
    title: 'does not wait for a replica that is out of sync and late',
    input: led({ 2: [8, 0], 3: [4, LAG_MS] }, { isr: [1, 2] }),
    expected: 8n,
  },
  {
    title: 'does not wait for a replica that is out of sync and was never heard of',
    input: led({ 2: [8, 0] }, { isr: [1, 2] }),
    expected: 8n,
  },
  {
    title: 'does not wait for a replica that is out of sync and was never caught up',
    input: led({ 2: [8, 0], 3: [5, NEVER] }, { isr: [1, 2] }),
    expected: 8n,
  },
  {
    title: 'waits for a replica that is caught up by time, so that it can ever join',
    input: led({ 2: [8, 0], 3: [5, LAG_MS - 1_000] }, { isr: [1, 2] }),
    expected: 5n,
  },
  {
    title: 'counts a member that an ISR change under way adds',
    input: led({ 2: [8, 0], 3: [5, NEVER] }, { isr: [1, 2], pendingIsr: [1, 2, 3] }),
    expected: 5n,
  },
  {
    title: 'still counts a member that an ISR change under way leaves out',
    input: led({ 2: [8, 0], 3: [5, NEVER] }, { isr: [1, 2, 3], pendingIsr: [1, 2] }),
    expected: 5n,
  },
  {
    title: 'stands still while a member to be added was never heard of',
    input: led({ 2: [8, 0] }, { isr: [1, 2], pendingIsr: [1, 2, 3] }),
    expected: 3n,
  },
  {
    title: 'stands still while the ISR is below its minimum',
    input: led({ 2: [10, NEVER], 3: [10, NEVER] }, { isr: [1] }),
    expected: 3n,
  },
  {
    title: 'does not take members to be added for an ISR that is large enough',
    input: led({ 2: [10, 0], 3: [10, 0] }, { isr: [1], pendingIsr: [1, 2] }),
    expected: 3n,
  },
  {
    title: 'moves while a change under way would make the ISR too small',
    input: led({ 2: [8, NEVER], 3: [9, NEVER] }, { isr: [1, 2], pendingIsr: [1] }),
    expected: 8n,
  },
  {
    title: 'is the log end of a leader that is the whole ISR',
    input: led({ 2: [4, NEVER], 3: [4, NEVER] }, { isr: [1], minIsr: 1 }),
    expected: 10n,
  },
  {
    title: 'is the log end where there is one replica only',
    input: led({}, { replicas: [1], isr: [1], minIsr: 1 }),
    expected: 10n,
  },
  {
    title: 'does not wait for a broker that holds no replica any more',
    input: led({ 2: [8, 0], 3: [5, 0] }, { replicas: [1, 2], isr: [1, 2] }),
    expected: 8n,
  },
];
