import type { RunHistory } from '../history.js';
import type { SeenPartition } from '../samples.js';
import { fault, history, metadata, send } from './examples.js';
import { checkOperations, failoverTimes } from './operations.js';

const BOUNDS = { deliveryTimeoutMs: 1_000, failoverMs: 7_000 };
const acked = (invokedAt: number, given = {}) =>
  send(`v${invokedAt}`, 0, { invokedAt, endedAt: invokedAt + 100, ...given });
const codes = (given: Partial<RunHistory>, state: Partial<SeenPartition> = {}) =>
  checkOperations(history(given), [metadata(0, state)], BOUNDS).map(({ code }) => code);
const killed = fault('kill-machine', 1_000);

describe('operations in a cluster of which one part is away', () => {
  it.each<[string, Partial<RunHistory>, Partial<SeenPartition>]>([
    ['the next leader acknowledges within the bound', { faults: [killed], sends: [acked(7_000)] }, {}],
    ['a send ends a moment after its deadline', { sends: [acked(0, { endedAt: 2_500 })] }, {}],
    ['another fault comes between', { faults: [killed, fault('stop-broker', 3_000)], sends: [] }, {}],
    ['a replica was missing already', { faults: [killed], sends: [] }, { isr: [1, 2] }],
    ['two of three are down', { faults: [fault('two-down', 1_000)], sends: [] }, {}],
  ])('show nothing: %s', (_what, given, state) => {
    expect(codes(given, state)).toEqual([]);
  });

  it.each<[string, string, Partial<RunHistory>]>([
    [
      'A27',
      'nothing goes on though the leader is well',
      { faults: [fault('kill-machine', 1_000, { brokers: [2] })], sends: [acked(9_000)] },
    ],
    [
      'A27',
      'what was sent before does not count',
      { faults: [fault('kill-machine', 1_000, { brokers: [2] })], sends: [acked(950)] },
    ],
    ['A28', 'the next leader takes too long', { faults: [killed], sends: [acked(8_500)] }],
    ['A28', 'only leaders acknowledge', { faults: [killed], sends: [acked(2_000, { acks: 'leader' })] }],
    ['A33', 'a send does not end', { sends: [acked(0, { endedAt: Infinity, outcome: 'open' })] }],
    ['A33', 'a send ends late', { sends: [acked(0, { endedAt: 3_500 })] }],
    ['A33', 'a process ends by itself', { crashes: [{ proc: 'c1', at: 5, what: 'exit code 1' }] }],
  ])('%s: %s', (code, _what, given) => {
    expect(codes(given)).toContain(code);
  });

  it('are measured from the fault to the first acknowledgement of what was sent after it, for silenced leaders', () => {
    const sends = [acked(900), acked(4_000), acked(5_000)];
    expect(failoverTimes(history({ faults: [killed], sends }), [metadata(0)])).toEqual([3_100]);
    expect(failoverTimes(history({ faults: [killed], sends }), [metadata(0, { leader: 2 })])).toEqual([]);
  });
});
