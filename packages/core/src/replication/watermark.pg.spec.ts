import { append } from '../log/append.store.js';
import { logEnds } from '../log/log.store.js';
import { offset } from '../record/offset.js';
import { batchOf } from '../testing/log-world.js';
import { replicaWorld, type ReplicaWorld } from '../testing/replica-world.js';
import { PostgresReplicaStore } from './postgres-replica-store.js';
import { watermarks } from './watermark.store.js';

let world: ReplicaWorld;
let id: number;
beforeAll(async () => {
  world = await replicaWorld(3);
});
beforeEach(async () => {
  id = await world.begin();
  await world.append(1, ['a', 'b']);
});
afterAll(() => world.drop());

const look = async (brokerId = 1) => (await watermarks(world.broker(brokerId).database, [id, 999_999]))[0]!;

describe('a look at high watermarks', () => {
  it.each([
    ['of a leader whose followers are behind', {}],
    ['of a leader that is alone in its ISR', { isr: [1] }],
    ['of a leader that is alone', { replicas: [1], isr: [1] }],
    ['below the minimum', { isr: [1], minIsr: 2 }],
  ])('%s says what a look at the logs says', async (_, role) => {
    await world.appoint(role);
    const [ends] = await logEnds(world.broker(1).database, [id]);
    const { role: stored, leaderEpoch, highWatermark, isrSize, minIsr } = ends!;
    expect(await look()).toEqual({ partitionId: id, role: stored, leaderEpoch, highWatermark, isrSize, minIsr });
  });

  it('says what followers have', async () => {
    await world.follow(2, 1);
    await world.follow(3, 1);
    await world.follow(2, 1);
    expect((await look()).highWatermark).toBe(0n);
    await world.follow(3, 1);
    expect((await look()).highWatermark).toBe(2n);
    expect((await look(2)).role).toBe('follower');
  });

  it('knows that a leader whose time is over does not lead', async () => {
    const lead = (until: string) =>
      world.broker(1).database.query({ name: 'lead', text: `update postlog.broker set lead_until = ${until}` });
    await lead('clock_timestamp()');
    expect((await look()).role).toBe('follower');
    await lead("'infinity'");
    expect((await look()).role).toBe('leader');
  });
});

describe('an acknowledgement', () => {
  it('tells where the mark is that it moves, and nothing when it moves none', async () => {
    const { database } = world.broker(1);
    const store = new PostgresReplicaStore(database, { channel: 'marks', sender: 'me' });
    const listener = database.createClient();
    await listener.connect();
    await listener.query('listen marks');
    const heard: (string | undefined)[] = [];
    listener.on('notification', ({ payload }) => heard.push(payload));
    const fetch = { partitionId: id, leaderEpoch: 0, fetchOffset: offset(2), lastEpoch: 0 };
    for (const brokerId of [2, 3]) await store.noteFetch({ brokerId, brokerEpoch: 1 }, [fetch], { isWhole: false });
    await listener.query("notify marks, 'end'");
    await listener.end();
    expect(heard).toEqual([`me:${id}/0/2`, 'end']);
  });
});

describe('an append', () => {
  it.each([
    ['tells followers as it commits', true],
    ['tells nobody where nobody is to be told', false],
  ])('%s', async (_, isTold) => {
    const { database } = world.broker(1);
    const listener = database.createClient();
    await listener.connect();
    await listener.query('listen to_copy');
    const heard: (string | undefined)[] = [];
    listener.on('notification', ({ payload }) => heard.push(payload));
    const wakeUps = { channel: 'to_copy', sender: 'me' };
    const [answer] = await append(
      database,
      [{ ...(await batchOf(id, ['more'])), leaderEpoch: -1 }],
      isTold ? { wakeUps } : {},
    );
    await listener.query("notify to_copy, 'end'");
    await listener.end();
    expect(answer).toMatchObject({ error: undefined, isReplicated: true, isrSize: 3 });
    expect(heard).toEqual([...(isTold ? [`me:${id}`] : []), 'end']);
  });
});
