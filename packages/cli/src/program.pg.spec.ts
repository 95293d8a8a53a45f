import { connect } from '@postlog/core';
import { testDatabase, type TestDatabase } from '@postlog/core/testing';
import { runCaptured } from './spec/run-captured.js';
import { printable } from './table.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

const postlog = (...argv: string[]) => runCaptured(['--url', test.url, ...argv]);

describe('the postlog command', () => {
  it('creates, lists, describes and deletes topics in the words of Kafka’s tools', async () => {
    const created = await postlog(
      'topics',
      'create',
      '--topic',
      'event',
      '--partitions',
      '2',
      '--config',
      'retention.ms=1000',
    );
    expect(created).toEqual({ code: 0, out: 'Created topic event.\n', error: '' });
    expect((await postlog('topics', 'list')).out).toBe('event\n');
    const lines = (await postlog('topics', 'describe', '--topic', 'event')).out.split('\n');
    expect(lines[0]).toMatch(
      /^Topic: event\tTopicId: [0-9a-f-]{36}\tPartitionCount: 2\tReplicationFactor: 1\tConfigs: retention.ms=1000$/,
    );
    expect(lines[1]).toBe('\tTopic: event\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: N/A\tLastKnownElr: N/A');
    expect(JSON.parse((await postlog('topics', 'describe', '--json')).out)).toMatchObject([{ name: 'event' }]);
    expect((await postlog('topics', 'delete', '--topic', 'event', '--yes')).out).toBe('Deleted topic event.\n');
    expect((await postlog('topics', 'list', '--json')).out).toBe('[]\n');
  });

  it.each([
    [['topics', 'create', '--topic', 'a b'], 1, 'INVALID_TOPIC_EXCEPTION'],
    [['topics', 'create', '--topic', 'x', '--partitions', '0'], 1, 'INVALID_PARTITIONS'],
    [['topics', 'create', '--topic', 'x', '--replication-factor', '3'], 1, 'INVALID_REPLICATION_FACTOR'],
    [['topics', 'create', '--topic', 'x', '--config', 'retention.m=1'], 1, 'retention.ms'],
    [['topics', 'describe', '--topic', 'nowhere'], 1, 'does not exist'],
    [['topics', 'delete', '--topic', 'x'], 2, '--yes'],
    [['topics', 'create', '--topic', 'x', '--partitions', 'two'], 2, 'whole number'],
    [['topics', 'create', '--topc', 'x'], 2, '--topic'],
    [['tpics'], 2, 'topics'],
  ])('%j exits with %i and says the cure', async (argv, code, message) => {
    const answer = await postlog(...argv);
    expect(answer.code).toBe(code);
    expect(answer.error).toContain(message);
    expect(answer.out).toBe('');
  });

  it('shows groups in the columns of Kafka’s tools, and resets them when it is told twice', async () => {
    await postlog('topics', 'create', '--topic', 'sold', '--partitions', '2');
    expect((await postlog('topics', 'alter', '--topic', 'sold', '--partitions', '3')).code).toBe(0);
    const client = await connect({ url: test.url, logger: null, clientId: 'till' });
    await client
      .producer()
      .send({ topic: 'sold', messages: [0, 1, 2].map((partition) => ({ partition, value: 'x' })) });
    const consumer = client.consumer({ groupId: 'books', groupInstanceId: 'clerk', autoOffsetReset: 'earliest' });
    let handled = 0;
    await consumer.subscribe({ topics: ['sold'] });
    await consumer.run({ autoCommitThreshold: 1, eachMessage: () => void handled++ });
    const describe = (...more: string[]) => postlog('groups', 'describe', '--group', 'books', ...more);
    while (handled < 3 || !(await describe()).out.includes(' 1 ')) await new Promise((wake) => setTimeout(wake, 20));
    const [headings, ...rows] = (await describe()).out
      .trim()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    expect(headings).toEqual(
      'GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID'.split(' '),
    );
    expect(
      rows.map(([group, topic, partition, , end, , , , clientId]) => [group, topic, partition, end, clientId]),
    ).toEqual([0, 1, 2].map((partition) => ['books', 'sold', String(partition), '1', 'till']));
    expect((await describe('--state')).out).toMatch(/books +uniform +Stable +1 +1 +1\n/);
    expect((await describe('--members')).out).toMatch(/clerk .* Stable +sold\(0,1,2\) +-\n/);
    expect(JSON.parse((await describe('--json')).out)).toMatchObject({ state: 'Stable', offsets: [{ topic: 'sold' }] });

    const reset = (...more: string[]) =>
      postlog('groups', 'reset-offsets', '--group', 'books', '--topic', 'sold', ...more);
    expect((await reset('--to-earliest', '--execute')).error).toContain('has members');
    await consumer.disconnect();
    await client.close();
    expect((await reset()).error).toContain('--to-earliest');
    expect((await reset('--to-offset', '0', '--to-latest')).error).toContain('one of');
    const older = await connect({ url: test.url, logger: null });
    await older.admin().createTopics({ topics: [{ topic: 'other' }] });
    await older.admin().setOffsets({ groupId: 'idle', topic: 'other', partitions: [{ partition: 0, offset: '0' }] });
    await older.close();
    const idle = (...more: string[]) =>
      postlog('groups', 'reset-offsets', '--group', 'idle', '--topic', 'other', ...more);
    expect((await idle('--to-datetime', '2026-01-31T08:00:00Z')).out).toContain('Nothing was changed');
    expect((await idle('--shift-by', '-5', '--partitions', '0', '--execute')).out).toMatch(/idle +other +0 +0 +0\n$/);
    expect((await postlog('groups', 'list')).out).toContain('idle\tEmpty\n');
    expect((await postlog('groups', 'delete', '--group', 'idle', '--yes')).out).toBe('Deleted group idle.\n');
    expect((await postlog('groups', 'describe', '--group', 'idle')).error).toContain('groups list');
  });

  it('plans a group from what was measured', async () => {
    const { out } = await postlog('plan', '--rate', '200', '--handler-ms', '40', '--concurrent-partitions', '4');
    expect(out).toContain('keep 8 handler calls at work');
    expect(out).toMatch(/members: +4 \(1 of them spare\)/);
    expect(JSON.parse((await postlog('plan', '--rate', '1', '--handler-ms', '1', '--json')).out)).toMatchObject({
      members: 2,
      partitions: 2,
    });
    expect((await postlog('plan', '--rate', '1', '--handler-ms', '1', '--utilization', '1')).error).toContain('0.95');
  });

  it('prints the schema without a database, and help anywhere', async () => {
    const { out } = await postlog('--schema', 'events', 'sql');
    expect(out).toContain('create table events.topic');
    expect(out).not.toContain('postlog.');
    expect((await postlog('topics', '--help')).code).toBe(0);
  });

  it('shows no control characters of what others stored', () => {
    expect(printable('a\u001b[2Jb\n')).toBe('a�[2Jb�');
  });
});
