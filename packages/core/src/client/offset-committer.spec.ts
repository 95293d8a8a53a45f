import { PostlogError } from '../errors/postlog-error.js';
import type { OffsetToCommit } from '../group/committed-offsets.store.js';
import { offset } from '../record/offset.js';
import { EventBus } from '../runtime/events.js';
import { manualClock } from '../testing/manual-clock.js';
import type { AssignedPartition } from './assigned-partition.js';
import type { Cluster } from './cluster.js';
import { OffsetCommitter } from './offset-committer.js';

/** A committer of one partition, and what it asked for. */
function world({ memberId = 'm' as string | null, committed = 10, resolved = 10 } = {}) {
  const sent: OffsetToCommit[] = [];
  const answers = { areLost: false };
  const clock = manualClock();
  const coordinator = {
    commitOffsets: (_groupId: string, _memberId: string | null, rows: readonly OffsetToCommit[]) => {
      sent.push(...rows);
      if (answers.areLost) return Promise.reject(new PostlogError('UNKNOWN_SERVER_ERROR', 'x', { outcome: 'unknown' }));
      return Promise.resolve(new Map());
    },
  };
  const cluster = {
    clock,
    random: { next: () => 0 },
    onLeadersChanged: () => () => {},
    knownCoordinator: () => undefined,
    coordinatorOf: () => Promise.resolve({ coordinator }),
  } as unknown as Cluster;
  const events = new EventBus(clock, () => {});
  const committer = new OffsetCommitter({
    cluster,
    groupId: 'g',
    followsClaims: false,
    memberId: () => memberId,
    events,
    onFenced: () => {},
  });
  const partition = {
    ...{ topic: 't', partition: 0, partitionId: 1, ownerEpoch: 5, leaderEpoch: 0, mayCommitBackwards: false },
    ...{ committedOffset: offset(committed), resolvedOffset: offset(resolved) },
  } as unknown as AssignedPartition;
  const commit = async (to: number) => {
    await committer.commitExplicit([{ partition, offset: offset(to), metadata: null }]).catch(() => {});
    return sent.at(-1)!.mayGoBack;
  };
  return { commit, answers };
}

describe('a commit that the user asks for', () => {
  it('must not undo later ones when it is carried out late: it may go back only when it does', async () => {
    const { commit } = world();
    expect([await commit(11), await commit(12)]).toEqual([false, false]);
    expect([await commit(11), await commit(11), await commit(13)]).toEqual([true, true, false]);
  });

  it('must not do so either when the handler has resolved what it commits', async () => {
    expect(await world({ resolved: 11 }).commit(11)).toBe(false);
  });

  it('may go back behind one whose outcome is unknown', async () => {
    const { commit, answers } = world();
    answers.areLost = true;
    expect(await commit(20)).toBe(false);
    answers.areLost = false;
    expect(await commit(15)).toBe(true);
  });

  it.each<[string, Parameters<typeof world>[0], number]>([
    ['where it was, with other metadata', {}, 10],
    ['behind what the group had committed when the member got the partition', {}, 9],
    ['behind what is handled', { resolved: 30 }, 20],
    ['anywhere, when no member owns the partition and others commit too', { memberId: null }, 11],
  ])('may go back %s', async (_where, given, to) => {
    expect(await world(given).commit(to)).toBe(true);
  });
});
