import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type Postlog } from '@postlog/core';
import { ClusterProcesses } from '@postlog/core/testing';
import type { PrintedSettings } from './cluster-settings.js';
import { runCaptured } from './spec/run-captured.js';

const SCRIPT = fileURLToPath(new URL('../dist/main.js', import.meta.url));

let cluster: ClusterProcesses;
let client: Postlog;
const ended: number[] = [];
beforeAll(async () => {
  cluster = await ClusterProcesses.start({
    script: SCRIPT,
    brokerArgs: ['--session-timeout', '1500', '--replica-lag-time-max-ms', '2000'],
    onBrokerEnded: (id) => ended.push(id),
  });
  client = await connect({ brokers: cluster.settings.brokers, metadata: cluster.settings.metadata, logger: null });
}, 120_000);
afterAll(async () => {
  await client.close();
  await cluster.stop();
}, 60_000);

function postlog(...argv: string[]) {
  const { brokers, metadata } = cluster.settings;
  const list = brokers.map(({ id, url }) => `${id}=${url}`).join(',');
  const store = 'url' in metadata ? metadata.url : `etcd:${metadata.etcd.join(',')}`;
  return runCaptured(['--brokers', list, '--metadata', store, ...argv]);
}

const describeTopic = async (...filter: string[]) =>
  (await postlog('topics', '--describe', '--topic', 'event', ...filter)).out.split('\n').slice(0, -1);

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 40_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it did not come to be: ${String(condition)}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

const untilNothingMoves = () =>
  until(async () => (await postlog('reassign', '--list')).out === 'Nothing is being moved.\n');

const leaderOf = async (partition: number) => {
  const { topics } = await client.admin().fetchTopicMetadata({ topics: ['event'] });
  return topics[0]!.partitions[partition]!.leader;
};

describe('the postlog command on a cluster', () => {
  it('creates a replicated topic and shows leaders, replicas and who is in sync, as Kafka’s tools do', async () => {
    const created = await postlog(
      ...['topics', '--create', '--topic', 'event', '--partitions', '2', '--replication-factor', '3'],
      ...['--config', 'min.insync.replicas=2'],
    );
    expect(created).toEqual({ code: 0, out: 'Created topic event.\n', error: '' });
    await until(async () => (await describeTopic('--under-replicated-partitions')).length === 0);
    const [header, ...lines] = await describeTopic();
    expect(header).toMatch(
      /^Topic: event\tTopicId: [0-9a-f-]{36}\tPartitionCount: 2\tReplicationFactor: 3\tConfigs: min.insync.replicas=2$/,
    );
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^\tTopic: event\tPartition: 0\tLeader: [123]\tReplicas: [123],[123],[123]\tIsr: [123],[123],[123]\tElr: \tLastKnownElr: N\/A$/,
    );
  });

  it('lists and describes brokers', async () => {
    expect((await postlog('brokers', 'list')).out).toMatch(/^1\tactive\t127.0.0.1:\d+\n2\t.*\n3\t.*\n$/);
    const described = (await postlog('brokers', '--describe')).out.split('\n');
    expect(described[0]).toMatch(/^BROKER +STATE +CONTROLLER +LEADS +REPLICAS +IN-SYNC +RACK +ADDRESS$/);
    expect(described.filter((line) => / yes /.test(line))).toHaveLength(1);
    expect(JSON.parse((await postlog('brokers', 'describe', '--id', '2', '--json')).out)).toMatchObject([
      { id: 2, state: 'active' },
    ]);
    expect((await postlog('brokers', 'drain', '--id', '9')).error).toContain('brokers list');
  });

  it('moves a partition away and back, and elects the preferred leader again', async () => {
    const before = (await client.admin().fetchTopicMetadata({ topics: ['event'] })).topics[0]!.partitions[0]!.replicas;
    const two = [before[1]!, before[0]!];
    const move = (replicas: readonly number[]) =>
      postlog('reassign', '--topic', 'event', '--partition', '0', '--replicas', replicas.join(','));
    expect((await move(two)).out).toContain(`event-0 moves to brokers ${two.join(', ')}`);
    await untilNothingMoves();
    await until(async () => (await describeTopic())[1]!.includes(`\tReplicas: ${two.join(',')}\t`));
    await postlog('leaders', 'elect', '--preferred');
    await until(async () => (await leaderOf(0)) === two[0]);
    expect((await postlog('leaders', 'elect', '--preferred')).out).toBe('No election was needed.\n');
    expect((await move(before)).code).toBe(0);
    await untilNothingMoves();
    await until(async () => (await describeTopic())[1]!.includes(`\tReplicas: ${before.join(',')}\t`));
    expect((await postlog('reassign', '--cancel', '--topic', 'event', '--partition', '0')).error).toContain(
      'NO_REASSIGNMENT',
    );
  });

  it('shows a broker’s death and its return', async () => {
    const victim = await leaderOf(1);
    await cluster.killBroker(victim);
    await until(async () => ![victim, -1].includes(await leaderOf(1)));
    const [line] = (await describeTopic('--under-replicated-partitions')).slice(-1);
    expect(line).not.toMatch(new RegExp(`Isr: [^\\t]*${victim}`));
    expect(await describeTopic('--unavailable-partitions')).toEqual([]);
    expect((await postlog('brokers', 'list')).out).toContain(`${victim}\tfenced\t`);
    const [record] = await client
      .producer()
      .send({ topic: 'event', acks: -1, messages: [{ value: 'x', partition: 1 }] });
    expect(record).toMatchObject({ partition: 1 });
    expect(cluster.pids.brokers[victim]).toBeUndefined();
    await cluster.startBroker(victim);
    await until(async () => (await describeTopic('--under-replicated-partitions')).length === 0);
    expect(ended).toEqual([]);
  });

  it('drains a broker, which serves again after a restart', async () => {
    expect((await postlog('brokers', 'drain', '--id', '1')).out).toContain('Broker 1 leads nothing any more');
    expect([await leaderOf(0), await leaderOf(1)]).not.toContain(1);
    await cluster.stopBroker(1, ['process']);
    await cluster.startBroker(1);
    expect((await postlog('brokers', 'list')).out).toContain('1\tactive\t');
  });

  it('pauses and continues a broker with every process of its Postgres', async () => {
    const { brokers, postgres } = cluster.pids;
    cluster.pauseBroker(2);
    expect([brokers[2]!, postgres[2]!].map(stateOf)).toEqual(['T', 'T']);
    cluster.continueBroker(2);
    expect(stateOf(postgres[2]!)).not.toBe('T');
    await until(async () => (await postlog('brokers', 'list')).out.includes('2\tactive\t'));
  });

  it.each([
    [['leaders', 'elect'], '--preferred or --unclean'],
    [['leaders', 'elect', '--unclean', '--topic', 'event', '--partition', '0'], '--yes'],
    [['leaders', 'elect', '--preferred', '--partition', '0'], 'goes with --topic'],
    [['reassign'], '--list'],
    [['reassign', '--topic', 'event', '--partition', '0'], '--replicas'],
    [['topics', 'create', '--topic', 'x', '--replication-factor', '4'], 'INVALID_REPLICATION_FACTOR'],
    [['broker', '--id', '4'], '--peer'],
  ])('%j fails and says the cure', async (argv, message) => {
    const answer = await postlog(...argv);
    expect(answer.code).toBe(1);
    expect(answer.error).toContain(message);
    expect(answer.error).not.toContain('postlog@');
  });
});

describe('postlog cluster up', () => {
  const running: ChildProcess[] = [];
  afterEach(() => running.forEach((child) => child.kill('SIGINT')));

  it('says how to connect, starts again what was killed, stops in order and keeps the data', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'postlog-up-'));
    const child = spawn(process.execPath, [SCRIPT, 'cluster', 'up', '--brokers', '1', '--dir', folder, '--json']);
    const printed = { out: '', error: '' };
    child.stdout.on('data', (chunk: Buffer) => (printed.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (printed.error += chunk.toString()));
    running.push(child);
    const hasEnded = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await until(() => printed.out.endsWith('\n'));
    const { brokers, metadata, applicationUrl, pids } = JSON.parse(printed.out) as PrintedSettings;
    expect({ brokers, metadata, applicationUrl }).toEqual({
      brokers: [{ id: 1, url: expect.stringMatching(/^postgres:.*\/postlog$/) as string }],
      metadata: { url: expect.stringMatching(/\/metadata$/) as string },
      applicationUrl: expect.stringMatching(/\/application$/) as string,
    });
    for (const pid of [pids.brokers[1]!, pids.postgres[1]!]) process.kill(pid, 'SIGKILL');
    await until(() => printed.error.includes('broker 1 has ended'));
    child.kill('SIGHUP');
    await until(() => printed.error.includes('broker 1 runs again'));
    child.kill('SIGINT');
    expect(await hasEnded).toBe(0);
    expect(printed.error).toContain('everything is stopped, the data is kept');
    expect(await readdir(folder)).toEqual(['broker-1', 'cluster.json', 'common', 'logs']);
    await rm(folder, { recursive: true });
  }, 150_000);
});

function stateOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return 'T';
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[0];
}
