import { fault, history, metadata, node, poll, sample, send } from './check/examples.js';
import type { RunHistory } from './history.js';
import { outcomeOf, type RunResult } from './outcome.js';

const BOUNDS = { deliveryTimeoutMs: 1_000, failoverMs: 7_000, sessionMs: 3_000 };
const killed = fault('kill-machine', 1_000);
const acked = send('a', 0, { invokedAt: 5_000, endedAt: 5_100 });
const doubtful = (value: string) => send(value, null, { outcome: 'info', invokedAt: 5_000, endedAt: 5_100 });
const judge = (given: Partial<RunHistory>, result: Partial<RunResult> = {}) =>
  outcomeOf({
    history: history({ sends: [acked], polls: [poll(0, ['a'])], faults: [killed], ...given }),
    samples: [sample(0, []), { before: metadata(9_000, { leader: 2, leaderEpoch: 2 }), nodes: [], after: undefined }],
    logs: [],
    bounds: BOUNDS,
    readToTheEnd: new Set(['t/0']),
    ...result,
  });

describe('the verdict of a run', () => {
  it('is clean when faults were injected, records acknowledged meanwhile, and nothing was found', () => {
    const { verdict, summary } = judge({});
    expect(verdict).toBe('clean');
    expect(summary).toMatchObject({
      acknowledged: 1,
      acknowledgedDuringFaults: 1,
      elections: 1,
      failoverMs: { count: 1, max: 4_100 },
      faults: { 'kill-machine': 1 },
      anomalies: {},
    });
  });

  it.each<[string, Partial<RunHistory>]>([
    ['no fault was injected', { faults: [] }],
    ['nothing was acknowledged during a fault', { sends: [send('a', 0)], faults: [fault('two-down', 1_000)] }],
    ['of more than a fifth nobody knows what became of it', { sends: [acked, doubtful('b'), doubtful('c')] }],
  ])('is that it proves nothing when %s', (_what, given) => {
    expect(judge(given).verdict).toBe('inconclusive');
  });

  it('tells of anomalies whatever else there is', () => {
    const { verdict, summary } = judge({ polls: [], faults: [] });
    expect(verdict).toBe('anomalies');
    expect(summary).toMatchObject({ anomalies: { A2: 1 } });
  });

  it('tells of what a leader acknowledged alone, outside of its time, when that is lost', () => {
    const alone = send('b', 1, { acks: 'leader', invokedAt: 5_000, endedAt: 5_100 });
    const look = (at: number) =>
      sample(
        at,
        [1, 2, 3].map((id) => node(id, at, { leadUntil: '2700', leadsForMs: 2_700 - at, mayLead: false })),
      );
    expect(judge({ sends: [acked, alone] }).summary).toMatchObject({ lostThatOnlyTheLeaderAcknowledged: 1 });
    expect(judge({ sends: [acked, alone] }).verdict).toBe('clean');
    expect(judge({ sends: [acked, alone] }, { samples: [look(0), look(9_000)] }).verdict).toBe('anomalies');
  });
});
