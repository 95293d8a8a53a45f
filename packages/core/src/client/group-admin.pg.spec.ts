import { connect, type Consumer, type Postlog } from '../index.js';
import { collect, fastGroup, owns, until } from '../testing/collect.js';
import { openDatabase } from '../testing/open-database.js';
import { databaseWithSchema } from '../testing/schema-template.js';
import type { TestDatabase } from '../testing/test-database.js';
import type { Database } from '../postgres/database.js';

let test: TestDatabase;
let postlog: Postlog;
let database: Database;
let names = 0;

beforeAll(async () => {
  test = await databaseWithSchema();
  postlog = await connect({ url: test.url, logger: null, clientId: 'shop' });
  database = openDatabase(test.url);
});
afterAll(async () => {
  await database.close();
  await postlog.close();
  await test.drop();
});

async function newTopic(numPartitions: number, records = 0, partition = 0): Promise<string> {
  const topic = `topic-${names++}`;
  await postlog.admin().createTopics({ topics: [{ topic, numPartitions }] });
  for (let n = 1; n <= records; n++) {
    await postlog.producer().send({ topic, messages: [{ partition, value: 'x', timestamp: String(n * 1_000) }] });
  }
  return topic;
}
const view = <Row>(name: string, groupId: string) =>
  database.query<Row>({ name: `view_${name}`, text: `select * from postlog.${name} where group_id = $1` }, [groupId]);
const described = async (groupId: string) => (await postlog.admin().describeGroups([groupId])).groups[0]!;

describe('a group as an operator sees it', () => {
  it('is described alike by the admin and by the views, in the middle of a rebalance too', async () => {
    const topic = await newTopic(4, 3, 3);
    const groupId = 'seen';
    const agree = async () => {
      const { state, members, groupEpoch } = await described(groupId);
      const [group] = await view<{ state: string; members: number; group_epoch: number }>('consumer_group', groupId);
      expect(group).toMatchObject({ state, members: members.length, group_epoch: groupEpoch });
      const rows = await view<{ member_id: string; state: string; owned: string }>('group_member', groupId);
      const flat = (member: (typeof members)[number]) =>
        member.owned.flatMap((each) => each.partitions.map((partition) => `${each.topic}-${partition}`));
      expect(new Map(rows.map((row) => [row.member_id, [row.state, row.owned]]))).toEqual(
        new Map(members.map((member) => [member.memberId, [member.state, `{${flat(member).join()}}`]])),
      );
      return state;
    };
    const first = postlog.consumer({ ...fastGroup(groupId), groupInstanceId: 'one' });
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let isHandling = false;
    await collect(first, [topic], { before: () => ((isHandling = true), held) });
    await until(() => isHandling);
    expect(await agree()).toBe('Stable');

    const second = postlog.consumer(fastGroup(groupId));
    await collect(second, [topic]);
    await until(() => owns(second).length === 1 && owns(first).length === 2);
    const rebalancing = await described(groupId);
    expect(rebalancing).toMatchObject({ state: 'Reconciling', protocol: 'uniform', protocolType: 'consumer' });
    expect(rebalancing.members.map(({ state }) => state).sort((a, b) => (a < b ? -1 : 1))).toEqual([
      'UnreleasedPartitions',
      'UnrevokedPartitions',
    ]);
    expect(rebalancing.members.find(({ groupInstanceId }) => groupInstanceId === 'one')).toMatchObject({
      clientId: 'shop',
      topics: [topic],
    });
    release();
    await until(async () => (await described(groupId)).state === 'Stable');
    expect(await agree()).toBe('Stable');
    expect((await postlog.admin().listGroups()).groups).toContainEqual({
      groupId,
      protocolType: 'consumer',
      state: 'Stable',
    });

    await until(async () => (await view<{ lag: bigint }>('group_lag', groupId)).every(({ lag }) => lag === 0n));
    const lag = await view<Record<string, unknown>>('group_lag', groupId);
    expect(lag).toHaveLength(4);
    expect(lag.find(({ partition }) => partition === 3)).toMatchObject({
      topic,
      committed_offset: 3n,
      log_end_offset: 3n,
      client_id: 'shop',
    });
    await second.disconnect();
    await first.disconnect();
    await agree();
  });

  it('that does not exist is dead', async () => {
    expect(await described('nobody')).toMatchObject({ state: 'Dead', members: [] });
  });
});

describe('offsets of a group', () => {
  const reset = (options: object) => postlog.admin().resetOffsets(options as never);

  it.each([
    ['the log start', { earliest: true }, '0'],
    ['the end', { earliest: false }, '5'],
    ['the end, when nothing is said', {}, '5'],
    ['an offset', { offset: '2' }, '2'],
    ['a time', { timestamp: 3_500 }, '3'],
    ['a time after all', { timestamp: 9_500 }, '5'],
    ['so many records back', { shiftBy: -1 }, '3'],
    ['further back than there is', { shiftBy: -100 }, '0'],
    ['so many records on', { shiftBy: 100 }, '5'],
  ])('can be set to %s', async (_where, options, expected) => {
    const topic = await newTopic(2, 5);
    const groupId = `reset-${topic}`;
    const place = { groupId, topic, partitions: [0] };
    await postlog.admin().setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '4' }] });
    const moved = [{ partition: 0, offset: expected, previousOffset: '4' }];
    expect(await reset({ ...place, ...options, validateOnly: true })).toEqual(moved);
    const offsets = async () => (await postlog.admin().fetchOffsets({ groupId, topics: [topic] }))[0]!.partitions;
    expect((await offsets()).map(({ offset }) => offset)).toEqual(['4', '-1']);
    expect(await reset({ ...place, ...options })).toEqual(moved);
    expect((await offsets()).map(({ offset }) => offset)).toEqual([expected, '-1']);
  });

  it('are where its members begin, and cannot be set while it has any', async () => {
    const topic = await newTopic(1, 4);
    const groupId = 'active';
    const run = async (): Promise<{ consumer: Consumer; offsets: string[] }> => {
      const consumer = postlog.consumer({ ...fastGroup(groupId), autoOffsetReset: 'earliest' });
      const { seen, until: wait } = await collect(consumer, [topic]);
      await wait(() => seen.some(({ offset }) => offset === '3'));
      return { consumer, offsets: seen.map(({ offset }) => offset) };
    };
    const first = await run();
    await expect(reset({ groupId, topic, earliest: true })).rejects.toMatchObject({ code: 'NON_EMPTY_GROUP' });
    await expect(postlog.admin().deleteGroups([groupId])).rejects.toMatchObject({ code: 'NON_EMPTY_GROUP' });
    await first.consumer.disconnect();
    await reset({ groupId, topic, shiftBy: -2 });
    const second = await run();
    expect(second.offsets).toEqual(['2', '3']);
    await second.consumer.disconnect();
    await postlog.admin().deleteGroups([groupId]);
    expect(await postlog.admin().fetchOffsets({ groupId })).toEqual([]);
    await expect(postlog.admin().deleteGroups([groupId])).rejects.toMatchObject({ code: 'GROUP_ID_NOT_FOUND' });
  });

  it.each([
    [{ offset: '9' }, 'OFFSET_OUT_OF_RANGE'],
    [{ partitions: [3] }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [{ topic: 'missing' }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [{ offset: '1', earliest: true }, 'INVALID_CONFIG'],
    [{ shiftBy: 0.5 }, 'INVALID_CONFIG'],
    [{ timestamp: -1 }, 'INVALID_CONFIG'],
    [{ groupId: '' }, 'INVALID_GROUP_ID'],
    [{ too: 'earliest' }, 'INVALID_CONFIG'],
  ])('are not touched by a wrong reset: %j', async (wrong, code) => {
    const topic = await newTopic(1, 2);
    await expect(reset({ groupId: 'wrong', topic, ...wrong })).rejects.toMatchObject({ code });
    expect(await postlog.admin().fetchOffsets({ groupId: 'wrong' })).toEqual([]);
  });

  it('by time are found for every partition of a topic', async () => {
    const topic = await newTopic(2, 3);
    expect(await postlog.admin().fetchTopicOffsetsByTimestamp(topic, 2_000)).toEqual([
      { partition: 0, offset: '1' },
      { partition: 1, offset: '0' },
    ]);
  });
});
