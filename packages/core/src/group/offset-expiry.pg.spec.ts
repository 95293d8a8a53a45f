import { migratedDatabase, type MigratedDatabase } from '../testing/migrated-database.js';
import { newTopic } from '../testing/log-world.js';
import { committedOffsets } from './committed-offsets.store.js';
import { expireOffsets } from './group-admin.store.js';
import { TestMember } from './group-member.cases.js';

const DAY_MS = 86_400_000;
let world: MigratedDatabase;
const topicOf = new Map<number, string>();

beforeAll(async () => {
  world = await migratedDatabase();
});
afterAll(() => world.drop());

async function newPartition(topic: string): Promise<number> {
  const [partitionId] = await newTopic(world.database, topic, 1);
  topicOf.set(partitionId!, topic);
  return partitionId!;
}

/** A group that committed in two topics; its member is still there. */
async function groupWithOffsets(groupId: string): Promise<{ member: TestMember; topics: string[] }> {
  const topics = [`${groupId}-a`, `${groupId}-b`];
  for (const topic of topics) await newPartition(topic);
  const member = new TestMember(world.database, groupId, 'm', { topics });
  await member.beat();
  for (const partitionId of member.held) await member.commit(partitionId, 0, { mayGoBack: true });
  return { member, topics };
}
async function wait(days: number): Promise<void> {
  const later = `- interval '${days} days'`;
  await world.database.query({
    name: 'later_groups',
    text: `update postlog.group_state set changed_at = changed_at ${later}`,
  });
  await world.database.query({
    name: 'later_offsets',
    text: `update postlog.committed_offset set committed_at = committed_at ${later}`,
  });
}
const expire = () => expireOffsets(world.database, 7 * DAY_MS, 50);
const kept = async (groupId: string) =>
  (await committedOffsets(world.database, groupId, null)).offsets.map(({ partitionId }) => topicOf.get(partitionId));

describe('offsets', () => {
  it('of a group with members are kept, however old', async () => {
    const { topics } = await groupWithOffsets('alive');
    await wait(30);
    expect(await expire()).toBe(0);
    expect(await kept('alive')).toEqual(topics);
  });

  it('of a group without members go when it has had none for long enough, and the group with them', async () => {
    const { member, topics } = await groupWithOffsets('gone');
    await member.leave();
    await wait(6);
    expect(await expire()).toBe(0);
    expect(await kept('gone')).toEqual(topics);
    await wait(2);
    expect(await expire()).toBe(2);
    expect(await kept('gone')).toEqual([]);
    expect((await member.coordinator.listGroups()).map(({ groupId }) => groupId)).not.toContain('gone');
  });

  it('of a topic that the group’s members no longer subscribe to go, the others stay', async () => {
    const { member, topics } = await groupWithOffsets('moved-on');
    member.topics = [topics[0]!];
    await member.beat();
    await member.beat();
    await wait(8);
    expect(await expire()).toBe(1);
    expect(await kept('moved-on')).toEqual([topics[0]]);
  });

  it('that were committed from outside lately are kept', async () => {
    const partitionId = await newPartition('outside');
    const { coordinator } = new TestMember(world.database, 'outside', 'm');
    const commit = () =>
      coordinator.commitOffsets('outside', null, [
        {
          partitionId,
          ownerEpoch: -1,
          offset: 0n as never,
          leaderEpoch: -1,
          metadata: null,
          mayGoBack: true,
          resetEpoch: 1,
        },
      ]);
    await commit();
    await wait(8);
    await commit();
    expect(await expire()).toBe(0);
    expect(await kept('outside')).toEqual(['outside']);
  });
});
