import type { TransactionEvent } from '../events.js';
import type { AuditEntry, DeadLetterRecord, Effect, FinalState, TransactionsHistory } from '../history.js';

/** A take-over by a member of `process`, or an offset that it committed. */
export const audited = (
  kind: AuditEntry['kind'],
  process: string,
  claimEpoch: number,
  more: Partial<AuditEntry> = {},
): AuditEntry => ({
  kind,
  group: 'copiers',
  partition: 0,
  xid: '0',
  claimEpoch,
  memberId: `${process}-1f`,
  nextOffset: null,
  writtenBy: process,
  ...more,
});

export const effect = (process: string, offset: number, xid: string, more: Partial<Effect> = {}): Effect => ({
  group: 'copiers',
  partition: 0,
  offset,
  value: `s:${offset}`,
  xid,
  process,
  ...more,
});

/** Of a job in partition 0, at this place of the topic of dead letters. */
export const letter = (at: number, offset: number, more: Partial<DeadLetterRecord> = {}): DeadLetterRecord => ({
  at: { partition: 0, offset: at },
  partition: 0,
  offset,
  value: JOBS[offset]!,
  errorMessage: `planned for j:${offset}`,
  ...more,
});

const call = (proc: string, at: number, offset: number, xid: string): TransactionEvent[] => {
  const head = { f: 'handle', proc, call: offset, group: 'copiers', partition: 0, offset, xid } as const;
  return [
    { ...head, type: 'begin', at },
    { ...head, type: 'end', at: at + 10 },
  ];
};

const publication = (workload: 'orders' | 'transfers', id: string, at: number): TransactionEvent[] => [
  { f: 'publish', type: 'begin', workload, id, at },
  { f: 'publish', type: 'ok', workload, id, at: at + 5 },
];

/** The second fails for ever, and the last, which has no key. */
const JOBS = ['j:0/j.0/0', 'j:1/j.0/Infinity', 'j:2/j.0/1', 'j:3//Infinity'];

/**
 * `a` copies two records of `source`, is stopped for longer than its session in the middle of the third, which `b` copies instead; then `a` goes on, and its
 * transaction 93 is rolled back. Meanwhile orders are published, and a transfer of 10 has arrived. Of four jobs
 * two are dead letters of the triers; the parkers have parked the one and what comes after it, and the other is a dead letter of theirs.
 */
export const GOOD: TransactionsHistory = {
  sessionTimeoutMs: 2_000,
  events: [
    ...['s:0', 's:1', 's:2'].map((value) => ({ f: 'source', type: 'ok', value, at: 1 }) as const),
    ...JOBS.map((value) => ({ f: 'jobs', type: 'ok', value, at: 1 }) as const),
    ...call('a', 100, 0, '91'),
    { f: 'handle', type: 'begin', proc: 'a', call: 2, group: 'copiers', partition: 0, offset: 2, xid: '93', at: 990 },
    { f: 'fault', kind: 'stall-app', proc: 'a', at: 1_000, until: 4_000 },
    ...call('b', 3_500, 2, '94'),
    { f: 'handle', type: 'end', proc: 'a', call: 2, group: 'copiers', partition: 0, offset: 2, xid: '93', at: 4_001 },
    ...publication('orders', 'x:1', 1_100),
    ...publication('orders', 'y:1', 1_200),
    ...publication('orders', 'x:2', 1_300),
    { f: 'publish', type: 'begin', workload: 'orders', id: 'y:2', at: 1_400 },
    { f: 'publish', type: 'fail', workload: 'orders', id: 'y:2', at: 1_450 },
    ...publication('transfers', 'm:1', 1_500),
    { f: 'handle', type: 'end', proc: 'b', call: 7, group: 'tellers', partition: 0, offset: 0, xid: '95', at: 1_600 },
    { f: 'handle', type: 'end', proc: 'b', call: 8, group: 'landers', partition: 0, offset: 0, xid: '96', at: 1_600 },
    { f: 'handle', type: 'end', proc: 'b', call: 9, group: 'triers', partition: 0, offset: 0, xid: '97', at: 1_600 },
    { f: 'attempt', proc: 'b', partition: 0, offset: 1, attempt: 1, isDone: false, at: 1_600 },
    { f: 'attempt', proc: 'b', partition: 0, offset: 0, attempt: 1, isDone: true, at: 1_600 },
  ],
  samples: [
    { at: 1_505, balances: 90, debited: 10, claimed: { 0: 0 } },
    { at: 1_700, balances: 100, debited: 10, claimed: { 0: 1 } },
  ],
  final: {
    published: [
      { workload: 'orders', id: 'x:1', records: 2, amount: 0 },
      { workload: 'orders', id: 'y:1', records: 1, amount: 0 },
      { workload: 'orders', id: 'x:2', records: 1, amount: 0 },
      { workload: 'transfers', id: 'm:1', records: 1, amount: 10 },
    ],
    logs: {
      orders: [
        { partition: 0, values: ['x:1/0/0/0', 'x:1/1/0/0', 'y:1/0/0/0', 'x:2/0/0/0'] },
        { partition: 1, values: [] },
      ],
      transfers: [{ partition: 0, values: ['m:1/0/7/10'] }],
      source: [{ partition: 0, values: ['s:0', 's:1', 's:2'] }],
      copies: [{ partition: 0, values: ['s:0', 's:1', 's:2'] }],
      jobs: [{ partition: 0, values: JOBS }],
    },
    effects: [
      effect('a', 0, '91'),
      effect('a', 1, '91'),
      effect('b', 2, '94'),
      effect('b', 0, '95', { group: 'tellers', value: 'm:1/0/7/10' }),
      ...[0, 1, 2].map((offset) => effect('b', offset, '96', { group: 'landers' })),
      effect('b', 0, '97', { group: 'triers', value: JOBS[0]! }),
      effect('b', 2, '99', { group: 'triers', value: JOBS[2]! }),
      effect('b', 0, '101', { group: 'parkers', value: JOBS[0]! }),
    ],
    audit: [
      audited('claim', 'a', 1),
      audited('offset', 'a', 1, { xid: '91', nextOffset: 2 }),
      audited('claim', 'b', 2),
      audited('offset', 'b', 2, { xid: '94', nextOffset: 3 }),
      audited('offset', 'b', 1, { group: 'tellers', xid: '95', nextOffset: 1 }),
      audited('offset', 'b', 1, { group: 'landers', xid: '96', nextOffset: 3 }),
      ...JOBS.map((_, n) => audited('offset', 'b', 1, { group: 'triers', xid: `${97 + n}`, nextOffset: n + 1 })),
    ],
    letters: ['98', '100'].map((xid) => ({ group: 'triers', partition: 0, xid })),
    deadLetters: { triers: [letter(0, 1), letter(1, 3)], parkers: [letter(0, 3)] },
    parked: [1, 2].map((offset) => ({ partition: 0, offset })),
    balances: 100,
    openingBalances: 100,
  },
};

/** The good history with another end. */
export const ending = (change: Partial<FinalState>): TransactionsHistory => ({
  ...GOOD,
  final: { ...GOOD.final, ...change },
});

/** The good history with another log of one partition. */
export const logging = (topic: string, ...values: string[]): TransactionsHistory =>
  ending({ logs: { ...GOOD.final.logs, [topic]: [{ partition: 0, values }] } });

export const codesOf = (anomalies: readonly { readonly code: string }[]): string[] => [
  ...new Set(anomalies.map(({ code }) => code)),
];
