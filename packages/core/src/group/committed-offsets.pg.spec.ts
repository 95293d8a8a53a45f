import pg from 'pg';
import { deleteTopic } from '../log/topic.store.js';
import { offset } from '../record/offset.js';
import { untilWaitForLock } from '../testing/lock-waits.js';
import { newTopic } from '../testing/log-world.js';
import { migratedDatabase, type MigratedDatabase } from '../testing/migrated-database.js';
import { TestMember } from './group-member.cases.js';

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
const memberOf = (groupId: string, memberId: string, given?: Given) =>
  new TestMember(world.another(), groupId, memberId, given);
const committed = async (member: TestMember, partition = 0) =>
  (await member.coordinator.fetchOffsets(member.groupId, [partitions[partition]!]))[0];

/** Runs `change` in a transaction that ends only once `waiting` waits for it. */
async function whileLocked<T>(change: string, parameters: readonly unknown[], waiting: () => Promise<T>): Promise<T> {
  const holder = new pg.Client({ connectionString: world.url });
  await holder.connect();
  try {
    await holder.query('begin');
    await holder.query(change, [...parameters]);
    const late = waiting();
    await untilWaitForLock(world.url);
    await holder.query('commit');
    return await late;
  } finally {
    await holder.end();
  }
}

const TAKE_OVER = `update postlog.committed_offset set owner_member_id = $3, owner_epoch = 9
                    where group_id = $1 and partition_id = $2`;

describe('a commit', () => {
  it('is refused when it waited for the row and the owner changed meanwhile', async () => {
    const zombie = memberOf(newGroup(), 'zombie');
    await zombie.beat();
    const [first] = partitions;
    const late = await whileLocked(TAKE_OVER, [zombie.groupId, first, 'heir'], () => zombie.commit(first!, 100));
    expect(late).toBe('FENCED_MEMBER_EPOCH');
    expect(await committed(zombie)).toBeUndefined();
  });

  it('is refused when it waited for the row and its own member took the partition over anew', async () => {
    const zombie = memberOf(newGroup(), 'zombie');
    await zombie.beat();
    const [first] = partitions;
    const late = await whileLocked(TAKE_OVER, [zombie.groupId, first, 'zombie'], () => zombie.commit(first!, 100));
    expect(late).toBe('STALE_MEMBER_EPOCH');
  });

  it('that is under way when the owner changes is where the next owner begins', async () => {
    const groupId = newGroup();
    const [leaver, heir] = [memberOf(groupId, 'a'), memberOf(groupId, 'b')];
    await leaver.beat();
    await leaver.leave();
    const [first] = partitions;
    const underWay = `update postlog.committed_offset set committed_offset = 77, leader_epoch = 3
                       where group_id = $1 and partition_id = $2`;
    const answer = await whileLocked(underWay, [groupId, first], () => heir.beat());
    expect(answer.assignment[0]).toMatchObject({ committedOffset: 77n, leaderEpoch: 3 });
  });

  it('of a zombie is refused after the take-over, also when the same member took over anew', async () => {
    const groupId = newGroup();
    const [zombie, heir] = [memberOf(groupId, 'zombie', { sessionTimeoutMs: 50 }), memberOf(groupId, 'heir')];
    await zombie.beat();
    await heir.beatUntil(() => heir.held.length === 4);
    expect(await zombie.commit(partitions[0]!, 5)).toBe('FENCED_MEMBER_EPOCH');
    expect(await heir.commit(partitions[0]!, 7)).toBe('committed');
    expect(await heir.commit(partitions[0]!, 9, { ownerEpoch: 1 })).toBe('STALE_MEMBER_EPOCH');
    expect((await committed(heir))?.committedOffset).toBe(7n);
  });

  it('of a member that left is refused, whoever has the partition by then', async () => {
    const member = memberOf(newGroup(), 'a');
    await member.beat();
    await member.leave();
    expect(await member.commit(partitions[0]!, 5)).toBe('UNKNOWN_MEMBER_ID');
    await memberOf(member.groupId, 'b').beat();
    expect(await member.commit(partitions[0]!, 5)).toBe('FENCED_MEMBER_EPOCH');
  });

  it('never goes back by itself, and does when the owner says so', async () => {
    const member = memberOf(newGroup(), 'a');
    await member.beat();
    await member.commit(partitions[0]!, 10, { leaderEpoch: 2 });
    expect(await member.commit(partitions[0]!, 4)).toBe('committed'); // Nothing to complain of, and nothing changes.
    expect(await committed(member)).toMatchObject({ committedOffset: 10n, leaderEpoch: 2 });
    await member.commit(partitions[0]!, 4, { mayGoBack: true, metadata: 'again' });
    expect(await committed(member)).toMatchObject({ committedOffset: 4n, leaderEpoch: 0, metadata: 'again' });
  });

  it('is where the next owner begins', async () => {
    const first = memberOf(newGroup(), 'a');
    await first.beat();
    await first.commit(partitions[2]!, 42);
    await first.leave();
    const answer = await memberOf(first.groupId, 'b').beat();
    expect(answer.assignment.map(({ committedOffset }) => committedOffset)).toEqual([null, null, 42n, null]);
  });

  it('answers for each partition by itself', async () => {
    const topic = await newTopic(world.database, 'short-lived', 1);
    const member = memberOf(newGroup(), 'a', { topics: ['t', 'short-lived'] });
    await member.beat();
    const offsets = [...partitions, ...topic].map((partitionId, index) => ({
      partitionId,
      ownerEpoch: index === 2 ? 0 : 1,
      offset: offset(1),
      leaderEpoch: 0,
      metadata: index === 1 ? 'é'.repeat(2_049) : 'x'.repeat(4_096),
      mayGoBack: false,
      resetEpoch: 1,
    }));
    await deleteTopic(world.database, 'short-lived');
    expect(await member.coordinator.commitOffsets(member.groupId, 'a', offsets)).toEqual(
      new Map([
        [partitions[1], 'OFFSET_METADATA_TOO_LARGE'],
        [partitions[2], 'STALE_MEMBER_EPOCH'],
        [topic[0], 'UNKNOWN_TOPIC_OR_PARTITION'],
      ]),
    );
    const stored = await member.coordinator.fetchOffsets(member.groupId, null);
    expect(stored.map(({ partitionId }) => partitionId)).toEqual([partitions[0], partitions[3]]);
  });

  it('from outside is taken while the group is empty, and refused while it has members', async () => {
    const member = memberOf(newGroup(), 'a');
    const reset = { ownerEpoch: -1, offset: offset(3), leaderEpoch: 0, metadata: null, mayGoBack: true, resetEpoch: 1 };
    const outside = (partitionId = partitions[0]!) =>
      member.coordinator.commitOffsets(member.groupId, null, [{ partitionId, ...reset }]);
    expect(await outside()).toEqual(new Map());
    expect((await committed(member))?.committedOffset).toBe(3n);
    expect(await outside(999_999)).toEqual(new Map([[999_999, 'UNKNOWN_TOPIC_OR_PARTITION']]));
    await member.beat();
    expect(await outside()).toEqual(new Map([[partitions[0], 'UNKNOWN_MEMBER_ID']]));
    await member.leave();
    expect(await outside()).toEqual(new Map());
  });
});

describe('every function that writes for groups', () => {
  it.each([
    [`select * from postlog.commit_offsets_v1('g', 'm', '{1}', '{1}', '{1}', '{1}', '{x}', '{f}', '{1}')`],
    [`select postlog.write_group_v1('g', 0, 1, 1, 1, 1, '[]', '{}', '{}', null, '{}', '{}', '{}', '{}')`],
    [`select postlog.heartbeat_groups_v1('{g}', '{m}', '{1}', '{1}', '{1}')`],
    [`select postlog.delete_group_v1('g', 1)`],
  ])('refuses any isolation but read committed: %s', async (text) => {
    const client = new pg.Client({ connectionString: world.url });
    await client.connect();
    await client.query('begin isolation level repeatable read');
    await expect(client.query(text)).rejects.toMatchObject({ code: 'PL002' });
    await client.query('rollback');
    await client.query('begin; set local synchronous_commit = off');
    await client.query(text);
    const { rows } = await client.query(`select current_setting('synchronous_commit') as setting`);
    await client.query('rollback');
    await client.end();
    // A session's liveness may be lost in a crash; what is decided or committed may not.
    expect(rows).toEqual([{ setting: text.includes('heartbeat') ? 'off' : 'local' }]);
  });
});
