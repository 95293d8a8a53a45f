import { logEnds } from '../log/log.store.js';
import { replicaWorld, type ReplicaWorld } from '../testing/replica-world.js';

let world: ReplicaWorld;
/** The partition that this spec is about. */
let id: number;
beforeAll(async () => {
  world = await replicaWorld(3);
});
beforeEach(async () => {
  id = await world.begin();
});
afterAll(() => world.drop());

const mark = async (brokerId: number) =>
  Number((await logEnds(world.broker(brokerId).database, [id]))[0]!.highWatermark);

describe('a change of the ISR', () => {
  const at = { leaderEpoch: 0, partitionEpoch: 1 };
  beforeEach(async () => {
    await world.appoint({ isr: [1] });
    await world.append(1, ['a']);
  });
  const propose = (isr: number[], expected = at) => world.broker(1).replicas.proposeIsr(id, expected, isr);

  it('counts from the moment it is noted: the mark waits for who may join', async () => {
    expect(await mark(1)).toBe(1);
    expect(await propose([1, 2])).toBe(1n);
    await world.append(1, ['b']);
    expect(await mark(1)).toBe(1);
    await world.follow(2, 1);
    await world.follow(2, 1);
    expect(await mark(1)).toBe(2);
  });

  it('is one at a time, and of the present epochs only', async () => {
    expect(await propose([1, 2], { leaderEpoch: 0, partitionEpoch: 0 })).toBeUndefined();
    expect(await propose([1, 2], { leaderEpoch: 1, partitionEpoch: 1 })).toBeUndefined();
    expect(await propose([1, 2])).toBe(1n);
    expect(await propose([1, 3])).toBeUndefined();
    expect(await world.broker(1).replicas.withdrawIsr(id, at, [1, 3])).toBe(false);
    expect(await world.broker(1).replicas.withdrawIsr(id, at, [1, 2])).toBe(true);
    expect(await propose([1, 3])).toBe(1n);
    await world.appoint({ isr: [1, 3] });
    expect(
      (await world.broker(1).replicas.listReplicas()).find((replica) => replica.partitionId === id)!.pendingIsr,
    ).toBeNull();
  });

  it('asks of who joins everything that anybody was shown, though the mark itself was lost in a crash', async () => {
    await world.appoint({ isr: [1, 2] });
    await world.follow(2, 1);
    await world.follow(2, 1);
    expect(await mark(1)).toBe(1);
    const crash = 'truncate postlog.soft_watermark, postlog.follower_progress, postlog.follower_fetch';
    await world.broker(1).database.query({ name: 'crash', text: crash });
    await world.broker(1).replicas.listLed();
    const now = { leaderEpoch: 0, partitionEpoch: 2 };
    expect(await propose([1, 2, 3], now)).toBeUndefined();
    await world.follow(2, 1);
    expect(await propose([1, 2, 3], now)).toBe(1n);
  });
});

describe('what the keeper of the ISR is told', () => {
  it('is how far followers are, and since when they are not', async () => {
    await world.append(1, ['a']);
    await world.follow(2, 1);
    await world.follow(2, 1);
    const led = (await world.broker(1).replicas.listLed()).find(({ partitionId }) => partitionId === id);
    expect(led).toMatchObject({
      partitionId: id,
      isr: [1, 2, 3],
      logEndOffset: 1n,
      highWatermark: 0n,
      epochStartOffset: 0n,
    });
    expect(led!.followers.find(({ brokerId }) => brokerId === 2)).toMatchObject({ logEndOffset: 1n, brokerEpoch: 1 });
    // In sync when the leader began, and not heard of since.
    expect(led!.followers.find(({ brokerId }) => brokerId === 3)).toMatchObject({ logEndOffset: -1n });
    expect(led!.followers.every(({ caughtUpAgoMs }) => caughtUpAgoMs < 60_000)).toBe(true);
  });
});
