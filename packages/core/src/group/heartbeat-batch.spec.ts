import { HeartbeatBatch } from './heartbeat-batch.js';
import type { SignOfLife } from './liveness.store.js';

const sign = (memberId: string): SignOfLife => ({
  groupId: 'g',
  memberId,
  sessionTimeoutMs: 1_000,
  version: 1n,
  metadataVersion: 1n,
});

describe('heartbeats of one turn', () => {
  it('go together in one statement, and each is told whether it has something to look at', async () => {
    const sent: string[][] = [];
    const batch = new HeartbeatBatch((members) => {
      sent.push(members.map(({ memberId }) => memberId));
      return Promise.resolve(new Set([members[1]!]));
    });
    const answers = ['a', 'b', 'c'].map((memberId) => batch.add(sign(memberId)));
    expect(await Promise.all(answers)).toEqual([false, true, false]);
    await batch.add(sign('d'));
    expect(sent).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('all hear of it when the statement fails', async () => {
    const batch = new HeartbeatBatch(() => Promise.reject(new Error('no server')));
    const answers = await Promise.allSettled([batch.add(sign('a')), batch.add(sign('b'))]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
