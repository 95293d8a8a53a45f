import { manualClock } from '../testing/manual-clock.js';
import type { SignOfLife } from './liveness.store.js';
import { RestingMembers } from './resting-members.js';

const sign = (memberId: string): SignOfLife => ({
  groupId: 'g',
  memberId,
  sessionTimeoutMs: 1_000,
  version: 1n,
  metadataVersion: 1n,
});
const turn = () => new Promise((resolve) => setImmediate(resolve));

function world() {
  const clock = manualClock();
  const sent: string[][] = [];
  let fault: Error | undefined;
  const news = new Set<string>();
  const resting = new RestingMembers({
    clock,
    send: (members) => {
      sent.push(members.map(({ memberId }) => memberId));
      if (fault !== undefined) return Promise.reject(fault);
      return Promise.resolve(new Set(members.filter(({ memberId }) => news.has(memberId))));
    },
  });
  const beats: string[] = [];
  const rest = (memberId: string, intervalMs = 100, signal = new AbortController().signal) =>
    resting.rest(sign(memberId), intervalMs, () => beats.push(memberId), signal);
  return { clock, sent, news, beats, rest, fail: (error: Error | undefined) => void (fault = error) };
}

describe('members that rest', () => {
  it('are kept alive by one statement an interval, and not disturbed', async () => {
    const { clock, sent, beats, rest } = world();
    let isAwake = false;
    for (const memberId of ['a', 'b']) void rest(memberId).then(() => (isAwake = true));
    clock.advance(60);
    void rest('late').then(() => (isAwake = true));
    for (const ms of [39, 1, 100]) {
      clock.advance(ms);
      await turn();
    }
    expect(sent).toEqual([
      ['a', 'b', 'late'],
      ['a', 'b', 'late'],
    ]);
    expect(beats).toHaveLength(6);
    expect(isAwake).toBe(false);
  });

  it('are woken when there is something to look at, the others are not', async () => {
    const { clock, sent, news, rest } = world();
    const [a] = [rest('a'), rest('b')];
    news.add('a');
    clock.advance(100);
    expect(await a).toBe(true);
    await turn();
    clock.advance(100);
    expect(sent.at(-1)).toEqual(['b']);
  });

  it('end their rest when they want to; without any nothing is sent', async () => {
    const { clock, sent, rest } = world();
    const stop = new AbortController();
    const a = rest('a', 100, stop.signal);
    stop.abort();
    expect(await a).toBe(false);
    expect(await rest('a', 100, stop.signal)).toBe(false);
    clock.advance(1_000);
    expect(sent).toEqual([]);
    void rest('a');
    clock.advance(100);
    expect(sent).toEqual([['a']]);
  });

  it('hear of it when their sessions could not be renewed, and may rest again', async () => {
    const { clock, sent, rest, fail } = world();
    fail(new Error('no server'));
    const both = Promise.allSettled([rest('a'), rest('b')]);
    clock.advance(100);
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fail(undefined);
    await turn();
    void rest('a');
    clock.advance(100);
    expect(sent).toEqual([['a', 'b'], ['a']]);
  });
});
