import type { AuditEntry, GroupHistory, Handled } from '../history.js';
import { checkGroups } from './check.js';

/** `a` owns partition 0 from 0 on, `b` takes it over at 1000; each handled record takes 10 ms. */
const claim = (at: number, process: string, ownerEpoch: number, committed: number | null): AuditEntry => ({
  at,
  partition: 0,
  memberId: `${process}-1f`,
  ownerEpoch,
  committed,
  writtenBy: process,
});
const free = (at: number, process: string, committed: number): AuditEntry => ({
  ...claim(at, process, -1, committed),
  memberId: null,
});
const call = (process: string, offset: number, beganAt: number, given: Partial<Handled> = {}): Handled => ({
  process,
  partition: 0,
  offset,
  key: 'k',
  value: `v${offset}`,
  beganAt,
  endedAt: beganAt + 10,
  ...given,
});
const GOOD: GroupHistory = {
  sent: [0, 1, 2].map((offset) => ({ partition: 0, offset, value: `v${offset}` })),
  handled: [call('a', 0, 100), call('a', 1, 200), call('b', 1, 1_100), call('b', 2, 1_200)],
  audit: [
    claim(0, 'a', 1, null),
    claim(500, 'a', 1, 1),
    free(900, 'a', 1),
    claim(1_000, 'b', 2, 1),
    claim(2_000, 'b', 2, 3),
  ],
  faults: [{ at: 800, kind: 'kill', process: 'a' }],
  ends: [{ partition: 0, logEnd: 3, committed: 3, hasOwner: true }],
  keyedProcesses: new Set(),
  faultsFrom: 0,
  faultsTo: 1_500,
};
const codes = (change: Partial<GroupHistory>) => [
  ...new Set(checkGroups({ ...GOOD, ...change }).map(({ code }) => code)),
];
/** The good history with one audit entry or call put in. */
const withAudit = (...entries: readonly AuditEntry[]) => ({
  audit: [...GOOD.audit, ...entries].sort((one, other) => one.at - other.at),
});
const withCalls = (...calls: readonly Handled[]) => ({ handled: [...GOOD.handled, ...calls] });
const without = (process: string, offset: number) => ({
  handled: GOOD.handled.filter((each) => each.process !== process || each.offset !== offset),
});

describe('a history in which everything is as promised', () => {
  it('has no anomaly: a record that was not committed is handled again by the next owner', () => {
    expect(checkGroups(GOOD)).toEqual([]);
  });

  it.each<[string, Partial<GroupHistory>]>([
    ['a call that a kill cut off, and that was repeated', withCalls(call('a', 2, 300, { endedAt: undefined }))],
    [
      'a call that began in time and ended after the partition was lost',
      withCalls(call('a', 2, 890, { endedAt: 950 })),
    ],
    ['a commit of the same offset', withAudit(claim(2_100, 'b', 2, 3))],
    [
      'keys handled side by side, each in order',
      {
        keyedProcesses: new Set(['b']),
        handled: [call('a', 0, 100), call('b', 2, 1_100, { key: 'other' }), call('b', 1, 1_105)],
      },
    ],
  ])('may have %s', (_what, change) => {
    expect(checkGroups({ ...GOOD, ...change })).toEqual([]);
  });
});

describe('what must not happen', () => {
  it.each<[string, string, Partial<GroupHistory>]>([
    ['A13', 'a committed record that nobody finished', without('a', 0)],
    ['A16', 'a call by the old owner after the new one took over', withCalls(call('a', 2, 1_300))],
    ['A16', 'a call while nobody owns the partition', withCalls(call('a', 2, 950))],
    ['A16', 'a commit by somebody who is not the owner', withAudit({ ...claim(1_500, 'b', 2, 2), writtenBy: 'a' })],
    ['A17', 'a commit past a record that was not finished by then', withAudit(claim(1_150, 'b', 2, 3))],
    ['A17', 'a commit past a record that only the former owner finished', without('b', 1)],
    ['A18', 'a commit that goes back', withAudit(claim(2_100, 'b', 2, 1))],
    ['A18', 'an owner that finds nothing committed where something was', withAudit(claim(2_100, 'c', 3, null))],
    [
      'A20',
      'an acknowledged record that nobody handled',
      { sent: [...GOOD.sent, { partition: 0, offset: 3, value: 'v3' }] },
    ],
    ['A21', 'another value than was sent', { handled: GOOD.handled.map((each) => ({ ...each, value: 'x' })) }],
    ['A22', 'a record that was skipped', { handled: [call('a', 0, 100), call('b', 2, 1_200)] }],
    ['A23', 'a record handled again in the same reign', withCalls(call('b', 1, 1_300))],
    [
      'A22',
      'two records of a key at the same time',
      {
        keyedProcesses: new Set(['b']),
        handled: [call('a', 0, 100), call('b', 1, 1_100, { endedAt: 1_900 }), call('b', 2, 1_200)],
      },
    ],
    [
      'A23',
      'a key handled backwards',
      { keyedProcesses: new Set(['b']), handled: [call('a', 0, 100), call('b', 2, 1_100), call('b', 1, 1_200)] },
    ],
    ['A25', 'records that wait for ever', { ends: [{ partition: 0, logEnd: 9, committed: 3, hasOwner: true }] }],
    ['A25', 'a partition without an owner', { ends: [{ partition: 0, logEnd: 3, committed: 3, hasOwner: false }] }],
    [
      'A26',
      'a storm of changes',
      withAudit(...[1, 2, 3, 4].flatMap((n) => [free(2_000 + n * 10, 'b', 3), claim(2_005 + n * 10, 'b', 2 + n, 3)])),
    ],
  ])('%s: %s', (code, _what, change) => {
    expect(codes(change)).toContain(code);
  });
});
