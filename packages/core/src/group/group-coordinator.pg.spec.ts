import { deleteTopic } from '../log/topic.store.js';
import { offset } from '../record/offset.js';
import { systemClock } from '../runtime/clock.js';
import { systemRandom } from '../runtime/random.js';
import { newTopic } from '../testing/log-world.js';
import { migratedDatabase, type MigratedDatabase } from '../testing/migrated-database.js';
import { GroupCoordinator } from './group-coordinator.js';
import { TestMember, watched } from './group-member.cases.js';

let world: MigratedDatabase;
let partitions: number[];
let groups = 0;

beforeAll(async () => {
  world = await migratedDatabase();
  partitions = await newTopic(world.database, 't', 4);
});
afterAll(() => world.drop());

const newGroup = () => `group-${groups++}`;
type Given = ConstructorParameters<typeof TestMember>[3];
/** A member in a process of its own. */
const memberOf = (groupId: string, memberId: string, given?: Given) =>
  new TestMember(world.another(), groupId, memberId, given);
/** Two members that have settled, two partitions each. */
const settledPair = async (given?: Given) => {
  const groupId = newGroup();
  const [first, second] = [memberOf(groupId, 'a', given), memberOf(groupId, 'b', given)];
  await first.beat();
  for (const member of [second, first, first, second]) await member.beat();
  return [first, second] as const;
};

describe('a group', () => {
  it('settles when ten members join at once in ten processes, every partition with one owner', async () => {
    const groupId = newGroup();
    const members = Array.from({ length: 10 }, (_, index) => memberOf(groupId, `m${index}`));
    await Promise.all(members.map((member) => member.beat()));
    for (let round = 0; round < 3; round++) await Promise.all(members.map((member) => member.beat()));
    expect(members.flatMap(({ held }) => held).sort((a, b) => a - b)).toEqual(partitions);
    expect(members.filter(({ held }) => held.length === 0)).toHaveLength(6); // Standing by.
    expect(new Set(members.map(({ epoch }) => epoch)).size).toBe(1);
    expect((await members[0]!.coordinator.describeGroup(groupId)).state).toBe('Stable');
  });

  it('moves a partition only after its old owner gave it up', async () => {
    const groupId = newGroup();
    const [first, second] = [memberOf(groupId, 'a'), memberOf(groupId, 'b')];
    await first.beat();
    expect((await second.beat()).state).toBe('UnreleasedPartitions');
    expect(second.held).toEqual([]);
    expect((await first.beat()).state).toBe('UnrevokedPartitions'); // Learns what to give up; `held` is without it now.
    expect((await second.beat()).assignment).toEqual([]);
    await first.beat(); // Confirms.
    await second.beat();
    expect([first.held.length, second.held.length]).toEqual([2, 2]);
    expect([...first.held, ...second.held].sort((a, b) => a - b)).toEqual(partitions);
  });

  it('leaves what does not move to its owner, under the owner epoch it had', async () => {
    const [first, second] = await settledPair();
    const before = new Map(first.ownerEpochs);
    await second.leave();
    await first.beat();
    expect(first.held).toEqual(partitions);
    for (const [partitionId, ownerEpoch] of before) expect(first.ownerEpochs.get(partitionId)).toBe(ownerEpoch);
  });

  it('goes on when a member joins while another is being answered', async () => {
    const groupId = newGroup();
    const second = memberOf(groupId, 'b');
    let hasJoined = false;
    const meanwhile = async (statement: string) => {
      if (statement !== 'write_group' || hasJoined) return;
      hasJoined = true;
      await second.beat();
    };
    const first = new TestMember(watched(world.another(), meanwhile), groupId, 'a');
    for (let round = 0; round < 3; round++) for (const member of [first, second]) await member.beat();
    expect([first.held.length, second.held.length]).toEqual([2, 2]);
  });

  it('gives a leaving member’s partitions away at once', async () => {
    const groupId = newGroup();
    const woken: string[] = [];
    const leaver = memberOf(groupId, 'a', { onGroupChanged: () => woken.push('stayer') });
    const stayer = memberOf(groupId, 'b');
    await leaver.beat();
    await stayer.beat();
    expect(woken).toEqual([]); // Nobody was there yet.
    await leaver.leave();
    expect(woken).toEqual(['stayer']);
    await stayer.beat();
    expect(stayer.held).toEqual(partitions);
  });

  it('notices topics that come and go', async () => {
    const member = memberOf(newGroup(), 'a', { topics: ['t', 'later'] });
    await member.beat();
    expect(member.held).toEqual(partitions);
    const more = await newTopic(world.database, 'later', 2);
    await member.beat();
    expect(member.held).toEqual([...partitions, ...more]);
    await deleteTopic(world.database, 'later');
    await member.beat();
    expect(member.held).toEqual(partitions);
  });

  it('lets a member drain a topic that it does not subscribe to any more', async () => {
    const [other] = await newTopic(world.database, 'other', 1);
    const member = memberOf(newGroup(), 'a', { topics: ['t', 'other'] });
    await member.beat();
    const ownerEpoch = member.ownerEpochs.get(other!)!;
    const draining = [...member.held];
    member.topics = ['t'];
    for (let round = 0; round < 3; round++) {
      expect((await member.beat()).state).toBe('UnrevokedPartitions');
      member.held = [...draining];
    }
    expect(await member.commit(other!, 5, { ownerEpoch })).toBe('committed');
    member.held = partitions;
    expect((await member.beat()).state).toBe('Stable');
    expect(await member.commit(other!, 6, { ownerEpoch })).toBe('FENCED_MEMBER_EPOCH');
  });
});

describe('a member of a group', () => {
  it('that died leaves its partitions to the others when its session is over', async () => {
    const groupId = newGroup();
    const [dead, alive] = [memberOf(groupId, 'dead', { sessionTimeoutMs: 50 }), memberOf(groupId, 'alive')];
    await dead.beat();
    await alive.beatUntil(() => alive.held.length === 4);
    await expect(dead.beat()).rejects.toMatchObject({ code: 'UNKNOWN_MEMBER_ID' });
  });

  it('that does not give up what it is asked for is removed when its time is over', async () => {
    const groupId = newGroup();
    const [stuck, waiting] = [memberOf(groupId, 'a', { rebalanceTimeoutMs: 50 }), memberOf(groupId, 'b')];
    await stuck.beat();
    const report = stuck.report();
    await waiting.beat();
    await expect(
      (async () => {
        while (waiting.held.length < 4) await Promise.all([waiting.beat(), stuck.coordinator.heartbeat(report)]);
        await stuck.coordinator.heartbeat(report);
      })(),
    ).rejects.toMatchObject({ code: 'UNKNOWN_MEMBER_ID' });
    await waiting.beat();
    expect(waiting.held).toEqual(partitions);
  });

  it('that reports while another is about to remove it for silence stays', async () => {
    const groupId = newGroup();
    const tardy = memberOf(groupId, 'a');
    await tardy.beat();
    const silence = `update postlog.group_liveness set expires_at = '-infinity' where group_id = $1 and member_id = 'a'`;
    await world.database.query({ name: 'silence', text: silence }, [groupId]);
    let hasReported = false;
    const meanwhile = async (statement: string) => {
      if (statement !== 'read_group' || hasReported) return;
      hasReported = true;
      await tardy.beat();
    };
    const other = new TestMember(watched(world.another(), meanwhile), groupId, 'b');
    expect((await other.beat()).state).toBe('UnreleasedPartitions');
    const { members } = await other.coordinator.describeGroup(groupId);
    expect(members.map(({ memberId }) => memberId)).toEqual(['a', 'b']);
  });

  it('that did not hear the answer says the same again, and is neither fenced nor given anything twice', async () => {
    const groupId = newGroup();
    const [first, second] = [memberOf(groupId, 'a'), memberOf(groupId, 'b')];
    await first.beat();
    await second.beat();
    await first.beat();
    const confirmation = first.report();
    await first.coordinator.heartbeat(confirmation); // The answer is lost.
    const again = await first.coordinator.heartbeat(confirmation);
    expect(again.assignment.map(({ partitionId }) => partitionId)).toEqual(first.held);
    const joining = second.report();
    const lost = await second.coordinator.heartbeat(joining); // Claims, and is lost too.
    expect(await new TestMember(world.another(), groupId, 'b').coordinator.heartbeat(joining)).toEqual(lost);
    expect(lost.assignment).toHaveLength(2);
  });

  it('that is behind or ahead is fenced', async () => {
    const [first] = await settledPair();
    await expect(first.coordinator.heartbeat({ ...first.report(), memberEpoch: 99 })).rejects.toMatchObject({
      code: 'FENCED_MEMBER_EPOCH',
    });
    await expect(
      first.coordinator.heartbeat({ ...first.report(), memberEpoch: 1, held: partitions }),
    ).rejects.toMatchObject({ code: 'FENCED_MEMBER_EPOCH' });
  });
});

describe('a heartbeat that changes nothing', () => {
  it('is one statement for all members of the process, also while they wait or drain', async () => {
    const statements: string[] = [];
    const database = watched(world.another(), (statement) => void statements.push(statement));
    const coordinator = new GroupCoordinator({ database, clock: systemClock, random: systemRandom });
    const members = [newGroup(), newGroup()].flatMap((groupId) =>
      ['a', 'b'].map((memberId) => new TestMember(database, groupId, memberId)),
    );
    for (const member of members) Object.assign(member, { coordinator });
    for (const member of members) await member.beat(); // `a` of each group must give up; `b` waits.
    const reports = members.map((member) => member.report());
    const draining = reports.map((report) => (report.memberId === 'a' ? { ...report, held: partitions } : report));
    for (const report of draining) await coordinator.heartbeat(report);
    statements.length = 0;
    const answers = await Promise.all(draining.map((report) => coordinator.heartbeat(report)));
    expect(statements).toEqual(['heartbeat_groups']);
    expect(answers.map(({ state }) => state)).toEqual(
      Array.from({ length: 2 }, () => ['UnrevokedPartitions', 'UnreleasedPartitions']).flat(),
    );
  });
});

describe('an operator', () => {
  const coordinator = () => memberOf('any', 'operator').coordinator;

  it('sees groups, their members, what these own and what they await', async () => {
    const groupId = newGroup();
    await memberOf(groupId, 'a').beat();
    await memberOf(groupId, 'b').beat();
    const described = await coordinator().describeGroup(groupId);
    expect(described.members.map(({ memberId, owned, awaited }) => [memberId, owned.length, awaited.length])).toEqual([
      ['a', 4, 0],
      ['b', 0, 2],
    ]);
    expect(await coordinator().listGroups()).toContainEqual({ groupId, state: 'Reconciling' });
    expect(await coordinator().describeGroup('nobody')).toMatchObject({ state: 'Dead' });
  });

  it('deletes a group with its offsets once it is empty, also when its last members died', async () => {
    const groupId = newGroup();
    const member = memberOf(groupId, 'a', { sessionTimeoutMs: 1_000 });
    await member.beat();
    await member.commit(partitions[0]!, 5);
    await expect(coordinator().deleteGroup(groupId)).rejects.toMatchObject({ code: 'NON_EMPTY_GROUP' });
    await expect(coordinator().deleteGroup('nobody')).rejects.toMatchObject({ code: 'GROUP_ID_NOT_FOUND' });
    while ((await coordinator().describeGroup(groupId)).state !== 'Empty');
    await coordinator().deleteGroup(groupId);
    expect((await coordinator().describeGroup(groupId)).state).toBe('Dead');
    expect(await coordinator().fetchOffsets(groupId, null)).toEqual([]);
  });

  it('commits for a group whose last members died, and they cannot undo it', async () => {
    const groupId = newGroup();
    const dead = memberOf(groupId, 'a', { sessionTimeoutMs: 50 });
    await dead.beat();
    const reset = { partitionId: partitions[0]!, ownerEpoch: -1, offset: offset(3), leaderEpoch: 0, metadata: null };
    const outside = () => coordinator().commitOffsets(groupId, null, [{ ...reset, mayGoBack: true, resetEpoch: 1 }]);
    while ((await outside()).size > 0);
    expect(await dead.commit(partitions[0]!, 50)).toBe('UNKNOWN_MEMBER_ID');
    const [first] = await coordinator().fetchOffsets(groupId, partitions);
    expect(first).toMatchObject({ partitionId: partitions[0], committedOffset: 3n });
  });
});
