import pg from 'pg';
import { deleteTopic } from '../log/topic.store.js';
import { offset } from '../record/offset.js';
import { systemClock } from '../runtime/clock.js';
import { systemRandom } from '../runtime/random.js';
import { newTopic } from '../testing/log-world.js';
import { migratedDatabase, type MigratedDatabase } from '../testing/open-database.js';
import { commitOffsets, committedOffsets, type OffsetToCommit } from './committed-offsets.store.js';
import { GroupCoordinator, type GroupHeartbeat, type GroupHeartbeatAnswer } from './group-coordinator.js';

let world: MigratedDatabase;
let partitions: number[];
let groups = 0;

beforeAll(async () => {
  world = await migratedDatabase();
  partitions = await newTopic(world.database, 't', 4);
});
afterAll(() => world.drop());

/** A member as a consumer drives it: what it was told last is what it reports next. */
class Member {
  readonly coordinator = new GroupCoordinator({ database: world.another(), clock: systemClock, random: systemRandom });
  epoch = 0;
  held: number[] = [];
  ownerEpochs = new Map<number, number>();

  readonly groupId: string;
  readonly memberId: string;
  readonly sessionTimeoutMs: number;
  readonly topics: readonly string[];

  constructor(groupId: string, memberId: string, sessionTimeoutMs = 60_000, topics: readonly string[] = ['t']) {
    this.groupId = groupId;
    this.memberId = memberId;
    this.sessionTimeoutMs = sessionTimeoutMs;
    this.topics = topics;
  }

  async beat(): Promise<GroupHeartbeatAnswer> {
    const answer = await this.coordinator.heartbeat(this.report());
    this.epoch = answer.memberEpoch;
    this.held = answer.assignment.map(({ partitionId }) => partitionId);
    this.ownerEpochs = new Map(answer.assignment.map(({ partitionId, ownerEpoch }) => [partitionId, ownerEpoch]));
    return answer;
  }

  leave(): Promise<void> {
    return this.coordinator.leave(this.report());
  }

  commit(partitionId: number, to: number, more: Partial<OffsetToCommit> = {}) {
    const ownerEpoch = this.ownerEpochs.get(partitionId) ?? -1;
    return commitOffsets(world.database, this.groupId, this.memberId, [
      { partitionId, ownerEpoch, offset: offset(to), leaderEpoch: 0, metadata: null, mayGoBack: false, ...more },
    ]);
  }

  report(): GroupHeartbeat {
    const { groupId, memberId, epoch, sessionTimeoutMs, topics, held } = this;
    return {
      groupId,
      memberId,
      memberEpoch: epoch,
      clientId: 'c',
      host: 'h',
      topics,
      sessionTimeoutMs,
      rebalanceTimeoutMs: 60_000,
      held,
    };
  }
}

const newGroup = () => `group-${groups++}`;
const committed = async (groupId: string, partition = 0) =>
  (await committedOffsets(world.database, groupId, ['t']))[partition]!.committedOffset;

describe('a group', () => {
  it('settles when ten members join at once in ten processes, every partition with one owner', async () => {
    const groupId = newGroup();
    const members = Array.from({ length: 10 }, (_, index) => new Member(groupId, `m${index}`));
    await Promise.all(members.map((member) => member.beat()));
    for (let round = 0; round < 12; round++) await Promise.all(members.map((member) => member.beat()));
    expect(members.flatMap(({ held }) => held).sort((a, b) => a - b)).toEqual(partitions);
    expect(members.filter(({ held }) => held.length === 0)).toHaveLength(6); // Standing by.
    expect(new Set(members.map(({ epoch }) => epoch)).size).toBe(1);
  });

  it('moves a partition only after its old owner gave it up', async () => {
    const groupId = newGroup();
    const [first, second] = [new Member(groupId, 'a'), new Member(groupId, 'b')];
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

  it('gives a dead member’s partitions to the others when its session is over', async () => {
    const groupId = newGroup();
    const [dead, alive] = [new Member(groupId, 'dead', 50), new Member(groupId, 'alive')];
    await dead.beat();
    for (let tries = 0; alive.held.length < 4 && tries < 500; tries++) await alive.beat();
    expect(alive.held.sort((a, b) => a - b)).toEqual(partitions);
    await expect(dead.beat()).rejects.toMatchObject({ code: 'UNKNOWN_MEMBER_ID' });
  });

  it('gives a leaving member’s partitions away at once', async () => {
    const groupId = newGroup();
    const [leaver, stayer] = [new Member(groupId, 'a'), new Member(groupId, 'b')];
    await leaver.beat();
    await stayer.beat();
    await leaver.leave();
    await stayer.beat();
    expect(stayer.held.sort((a, b) => a - b)).toEqual(partitions);
  });

  it('notices topics that come and go, and answers a heartbeat that changes nothing with one statement', async () => {
    const groupId = newGroup();
    const member = new Member(groupId, 'a', 60_000, ['t', 'later']);
    await member.beat();
    expect(member.held).toHaveLength(4);
    const more = await newTopic(world.database, 'later', 2);
    await member.beat();
    expect(member.held.sort((a, b) => a - b)).toEqual([...partitions, ...more]);
    await deleteTopic(world.database, 'later');
    await member.beat();
    expect(member.held.sort((a, b) => a - b)).toEqual(partitions);

    const settled = await member.beat();
    expect(await member.beat()).toBe(settled); // The very answer that was kept: nothing was read or written anew.
  });
});

describe('a commit', () => {
  it('is refused when it waited for the row and the owner changed meanwhile', async () => {
    const groupId = newGroup();
    const zombie = new Member(groupId, 'zombie');
    await zombie.beat();
    const holder = new pg.Client({ connectionString: world.url });
    await holder.connect();
    await holder.query('begin');
    await holder.query(
      `update postlog.committed_offset set owner_member_id = 'heir', owner_epoch = 9 where group_id = $1 and partition_id = $2`,
      [groupId, partitions[0]],
    );
    const late = zombie.commit(partitions[0]!, 100);
    while (
      (
        await holder.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
      ).rowCount === 0
    );
    await holder.query('commit');
    await holder.end();
    expect(await late).toEqual(new Map([[partitions[0], 'FENCED_MEMBER_EPOCH']]));
    expect(await committed(groupId)).toBeNull();
  });

  it('of a zombie is refused after the take-over, also when the same member took over anew', async () => {
    const groupId = newGroup();
    const zombie = new Member(groupId, 'zombie', 50);
    await zombie.beat();
    const heir = new Member(groupId, 'heir');
    for (let tries = 0; heir.held.length < 4 && tries < 500; tries++) await heir.beat();
    expect(await zombie.commit(partitions[0]!, 5)).toEqual(new Map([[partitions[0], 'FENCED_MEMBER_EPOCH']]));
    expect(await heir.commit(partitions[0]!, 7)).toEqual(new Map());
    expect(await heir.commit(partitions[0]!, 9, { ownerEpoch: 1 })).toEqual(
      new Map([[partitions[0], 'STALE_MEMBER_EPOCH']]),
    );
    expect(await committed(groupId)).toBe(7n);
  });

  it('never goes back by itself, and does when the owner says so', async () => {
    const groupId = newGroup();
    const member = new Member(groupId, 'a');
    await member.beat();
    await member.commit(partitions[0]!, 10);
    await member.commit(partitions[0]!, 4);
    expect(await committed(groupId)).toBe(10n);
    await member.commit(partitions[0]!, 4, { mayGoBack: true, metadata: 'again' });
    expect(await committed(groupId)).toBe(4n);
  });

  it('is where the next owner begins', async () => {
    const groupId = newGroup();
    const first = new Member(groupId, 'a');
    await first.beat();
    await first.commit(partitions[2]!, 42);
    await first.leave();
    const answer = await new Member(groupId, 'b').beat();
    expect(answer.assignment.map(({ committedOffset }) => committedOffset)).toEqual([null, null, 42n, null]);
  });

  it('from outside is taken while the group is empty, and refused while it has members', async () => {
    const groupId = newGroup();
    const outside = () =>
      commitOffsets(world.database, groupId, null, [
        {
          partitionId: partitions[0]!,
          ownerEpoch: -1,
          offset: offset(3),
          leaderEpoch: 0,
          metadata: null,
          mayGoBack: true,
        },
      ]);
    expect(await outside()).toEqual(new Map());
    expect(await committed(groupId)).toBe(3n);
    await new Member(groupId, 'a').beat();
    expect(await outside()).toEqual(new Map([[partitions[0], 'UNKNOWN_MEMBER_ID']]));
  });
});
