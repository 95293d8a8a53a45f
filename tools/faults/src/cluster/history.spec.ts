import { mergeEvents, toLines, type RunEvent } from './events.js';
import { historyOf } from './history.js';

const send = (t_ns: number, type: 'invoke' | 'ok' | 'info', value: [string, string | [number, string]][]) =>
  ({ t_ns, proc: 'p', op: 1, f: 'send', type, value }) as RunEvent;
const nemesis = (t_ns: number, phase: 'begin' | 'end'): RunEvent => ({
  t_ns,
  proc: 'nemesis',
  f: 'nemesis',
  type: 'info',
  value: { fault: 3, phase, kind: 'kill-broker', what: 'broker 1', brokers: [1] },
});

describe('what processes wrote down', () => {
  it('is one history in order of time, without lines that a kill cut off', () => {
    const begun = send(2e6, 'invoke', [['t/0', 'a']]);
    const ended = send(5e6, 'ok', [['t/0', [7, 'a']]]);
    const events = mergeEvents([
      toLines([nemesis(3e6, 'begin'), nemesis(4e6, 'end')]),
      `${toLines([begun])}${toLines([ended])}{"t_ns":9,"f":"se`,
    ]);
    expect(events.map(({ t_ns }) => t_ns / 1e6)).toEqual([2, 3, 4, 5]);
    const { sends, faults } = historyOf(events);
    expect(sends).toMatchObject([{ value: 'a', invokedAt: 2, endedAt: 5, outcome: 'ok', offset: 7 }]);
    expect(faults).toMatchObject([{ fault: 3, from: 3, to: 4 }]);
  });

  it('leaves open what was not ended, and in doubt what ended so', () => {
    expect(historyOf([send(1, 'invoke', [['t/0', 'a']])]).sends).toMatchObject([
      { outcome: 'open', endedAt: Infinity },
    ]);
    const doubtful = [send(1, 'invoke', [['t/0', 'a']]), send(2, 'info', [['t/0', 'a']])];
    expect(historyOf(doubtful).sends).toMatchObject([{ outcome: 'info', offset: null }]);
  });

  it('pairs commits and answers about them', () => {
    const head = { proc: 'm', op: 4 } as const;
    const { commits, committed } = historyOf([
      { ...head, t_ns: 1e6, f: 'commit', type: 'invoke', value: { 't/0': 3 } },
      { ...head, t_ns: 2e6, f: 'commit', type: 'ok', value: { 't/0': 3 } },
      { ...head, t_ns: 3e6, f: 'committed', type: 'invoke', value: {} },
      { ...head, t_ns: 4e6, f: 'committed', type: 'ok', value: { 't/0': 3, 't/1': null } },
    ]);
    expect(commits).toMatchObject([{ offset: 3, invokedAt: 1, endedAt: 2, outcome: 'ok' }]);
    expect(committed).toMatchObject([
      { offset: 3, invokedAt: 3, endedAt: 4 },
      { key: 't/1', offset: 0 },
    ]);
  });
});
