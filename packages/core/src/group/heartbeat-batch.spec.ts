import { manualClock } from '../testing/manual-clock.js';
import { HeartbeatBatch, patience } from './heartbeat-batch.js';
import type { SignOfLife } from './liveness.store.js';

const sign = (memberId: string): SignOfLife => ({
  groupId: 'g',
  memberId,
  sessionTimeoutMs: 1_000,
  version: 1n,
  metadataVersion: 1n,
});

function world(answer: (members: readonly SignOfLife[]) => Promise<ReadonlySet<SignOfLife>>) {
  const clock = manualClock();
  const sent: string[][] = [];
  const batch = new HeartbeatBatch({
    clock,
    send: (members) => {
      sent.push(members.map(({ memberId }) => memberId));
      return answer(members);
    },
  });
  return { clock, batch, sent };
}

describe('heartbeats of one process', () => {
  it('go together in one statement, and each is told whether it has something to look at', async () => {
    const { batch, sent } = world((members) => Promise.resolve(new Set([members[1]!])));
    const answers = ['a', 'b', 'c'].map((memberId) => batch.add(sign(memberId), 0));
    expect(await Promise.all(answers)).toEqual([false, true, false]);
    expect(sent).toEqual([['a', 'b', 'c']]);
  });

  it('wait for others as long as they may, and go at once with one that may not wait', async () => {
    const { clock, batch, sent } = world(() => Promise.resolve(new Set()));
    const first = [batch.add(sign('a'), 200), batch.add(sign('b'), 100)];
    clock.advance(99);
    expect(sent).toEqual([]);
    clock.advance(1);
    await Promise.all(first);
    await Promise.all([batch.add(sign('c'), 200), batch.add(sign('d'), 0)]);
    clock.advance(1_000); // What was due for c has gone already.
    expect(sent).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('all hear of it when the statement fails', async () => {
    const { batch } = world(() => Promise.reject(new Error('no server')));
    const answers = await Promise.allSettled([batch.add(sign('a'), 0), batch.add(sign('b'), 0)]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it.each([
    ['of a steady member waits a tenth of its interval', 1_000, 1_000, 100],
    ['of a slow one waits a quarter of a second', 45_000, 45_000, 250],
    ['that comes sooner than usual goes at once', 1_500, 3_000, 0],
    ['that is the first after a change may wait', 100, 0, 10],
  ])('one %s', (_title, gapMs, lastGapMs, waitMs) => {
    expect(patience(gapMs, lastGapMs)).toBe(waitMs);
  });
});
