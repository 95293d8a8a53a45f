import { testDatabase, type TestDatabase } from '@postlog/core/testing';
import { runProgram } from './program.js';
import { printable } from './table.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

async function postlog(...argv: string[]): Promise<{ code: number; out: string; error: string }> {
  let out = '';
  let error = '';
  const output = { out: (text: string) => (out += text), error: (text: string) => (error += text) };
  const code = await runProgram(['--url', test.url, ...argv], output);
  return { code, out, error };
}

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
