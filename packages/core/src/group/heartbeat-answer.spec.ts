import { offset } from '../record/offset.js';
import { decide } from './group-decisions.js';
import { describeGroup } from './group-description.js';
import { circumstances, partitionsOf, report, settledGroup } from './group.cases.js';
import { answerTo } from './heartbeat-answer.js';

const joined = decide(settledGroup('a'), report('b', 0), circumstances()).group;
const places = new Map(partitionsOf({ t: 4 }).map((place) => [place.partitionId, place]));
const positions = new Map([[1, { committedOffset: offset(7), leaderEpoch: 2, resetEpoch: 9 }]]);

describe('the answer to a heartbeat', () => {
  it('names what the member may keep, with where the group goes on, and not what it must give up', () => {
    expect(answerTo('a', 'UnrevokedPartitions', joined, { places, positions })).toEqual({
      memberEpoch: 1,
      state: 'UnrevokedPartitions',
      assignment: [
        { partitionId: 1, topic: 't', partition: 0, ownerEpoch: 1, committedOffset: 7n, leaderEpoch: 2, resetEpoch: 9 },
        {
          partitionId: 2,
          topic: 't',
          partition: 1,
          ownerEpoch: 1,
          committedOffset: null,
          leaderEpoch: -1,
          resetEpoch: 0,
        },
      ],
    });
  });

  it('names nothing that others still own', () => {
    expect(answerTo('b', 'UnreleasedPartitions', joined, { places, positions }).assignment).toEqual([]);
  });
});

describe('a description of a group', () => {
  it('shows what each member owns and awaits', () => {
    const { state, members } = describeGroup('g', joined, places);
    expect(state).toBe('Reconciling');
    expect(
      members.map(({ memberId, state: each, owned, awaited }) => [memberId, each, owned.length, awaited.length]),
    ).toEqual([
      ['a', 'UnrevokedPartitions', 4, 0],
      ['b', 'UnreleasedPartitions', 0, 2],
    ]);
    expect(members[1]!.awaited[0]).toEqual({ topic: 't', partition: 2 });
  });

  it('of no group is dead', () => {
    expect(describeGroup('g', undefined, places)).toMatchObject({ state: 'Dead', groupEpoch: 0, members: [] });
  });
});
