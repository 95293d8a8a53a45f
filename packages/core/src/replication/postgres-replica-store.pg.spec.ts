import { logEnds, read } from '../log/log.store.js';
import { offset } from '../record/offset.js';
import { areDense, offsetsFrom } from '../testing/log-world.js';
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
afterEach(() => leadUntil("'infinity'"));
afterAll(() => world.drop());

const LIMITS = { partitionMaxBytes: 1_000_000, maxBytes: 8_000_000 };
const producer = { producerId: 42n, producerEpoch: 0, baseSequence: 0 };
const ends = async (brokerId: number) => (await logEnds(world.broker(brokerId).database, [id]))[0]!;
const mark = async (brokerId: number) => Number((await ends(brokerId)).highWatermark);
const leadUntil = (time: string) =>
  world.broker(1).database.query({ name: 'lead', text: `update postlog.broker set lead_until = ${time}` });
/** Every batch of a broker's log, with all that its row says. */
const everything = async (brokerId: number) =>
  (
    await read(
      world.broker(brokerId).database,
      [{ partitionId: id, fetchOffset: offset(0) }],
      LIMITS,
      'nearby consumer',
    )
  )[0]?.batches;
/** A broker's log as it would ask its leader about it. */
const logOf = async (brokerId: number) =>
  (await world.broker(brokerId).replicas.listReplicas()).find(({ partitionId }) => partitionId === id)!;
const epochs = async (brokerId: number) =>
  (
    await world.broker(brokerId).database.query<{ line: string }>({
      name: 'epochs',
      text: `select leader_epoch || ':' || start_offset as line from postlog.leader_epoch where partition_id = ${id} order by leader_epoch`,
    })
  ).map(({ line }) => line);

describe('a follower', () => {
  it('holds the same bytes at the same offsets, and the state of idempotent producers with them', async () => {
    await world.append(1, ['a', 'b'], producer);
    await world.append(1, ['c']);
    await world.follow(2, 1);
    await world.follow(3, 1);
    await world.follow(2, 1);
    await world.follow(3, 1);
    await world.follow(2, 1);
    expect(await mark(2)).toBe(3);
    expect(await everything(2)).toEqual(await everything(1));

    await world.appoint({ leader: 2, leaderEpoch: 1, isr: [2, 3] });
    expect((await world.append(2, ['a', 'b'], producer)).baseOffset).toBe(0n);
    expect((await world.append(2, ['d'], { ...producer, baseSequence: 2 })).baseOffset).toBe(3n);
    expect(areDense(await offsetsFrom(world.broker(2).database, id))).toBe(true);
  });

  it('acknowledges with its next fetch only, and learns the high watermark one fetch later', async () => {
    await world.append(1, ['a']);
    await world.follow(2, 1);
    await world.follow(3, 1);
    expect(await mark(1)).toBe(0);
    expect((await world.follow(2, 1)).hasAdvanced).toBe(false);
    expect((await world.follow(3, 1)).hasAdvanced).toBe(true);
    expect(await mark(1)).toBe(1);
    expect(await mark(2)).toBe(0);
    await world.follow(2, 1);
    expect(await mark(2)).toBe(1);
  });

  it('says nothing for another leader epoch, and nothing for a log that parts from the leader’s', async () => {
    await world.append(1, ['a']);
    const fetch = { partitionId: id, fetchOffset: offset(1), lastEpoch: 0 };
    const noted = async (leaderEpoch: number, lastEpoch = 0) =>
      (
        await world
          .broker(1)
          .replicas.noteFetch({ brokerId: 2, brokerEpoch: 1 }, [{ ...fetch, leaderEpoch, lastEpoch }])
      )[0]!;
    await world.appoint({ leaderEpoch: 3 });
    expect((await noted(2)).error).toBe('FENCED_LEADER_EPOCH');
    expect((await noted(4)).error).toBe('UNKNOWN_LEADER_EPOCH');
    expect(await noted(3, 2)).toMatchObject({ error: undefined, diverging: { epoch: 0, endOffset: 1n } });
    expect((await noted(3, 0)).diverging).toBeUndefined();
  });

  it('refuses batches of another epoch, and batches that leave a hole', async () => {
    await world.append(1, ['a', 'b']);
    await world.append(1, ['c']);
    const batches = (await everythingForFollower())!;
    const append = async (leaderEpoch: number, some = batches) =>
      (
        await world.broker(2).replicas.appendAsFollower([
          {
            partitionId: id,
            leaderEpoch,
            batches: some,
            leaderHighWatermark: offset(0),
            leaderLogStartOffset: offset(0),
          },
        ])
      ).get(id);
    await world.appoint({ leaderEpoch: 5 });
    expect(await append(4)).toBe('FENCED_LEADER_EPOCH');
    expect(await append(6)).toBe('UNKNOWN_LEADER_EPOCH');
    expect(await append(5, batches.slice(1))).toBe('OFFSET_OUT_OF_RANGE');
    expect(await append(5)).toBeUndefined();
    expect(await append(5)).toBe('OFFSET_OUT_OF_RANGE');
    expect(Number((await ends(2)).logEndOffset)).toBe(3);
  });

  it('drops by leader epoch what its leader does not have, whatever its high watermark, and is equal afterwards', async () => {
    await world.append(1, ['a']);
    await world.follow(2, 1);
    await world.append(1, ['lost 1', 'lost 2'], producer);
    await world.appoint({ leader: 2, leaderEpoch: 1 });
    await world.append(2, ['b']);
    await world.append(2, ['c', 'd']);
    expect((await world.follow(1, 2)).diverging).toEqual({ epoch: 0, endOffset: 1n });
    expect(Number((await ends(1)).logEndOffset)).toBe(1);
    for (let round = 0; round < 3; round++) for (const follower of [1, 3]) await world.follow(follower, 2);
    expect(await everything(1)).toEqual(await everything(2));
    expect(await epochs(1)).toEqual(['0:0', '1:1']);
    // What was dropped is forgotten with its producer too.
    await world.appoint({ leader: 1, leaderEpoch: 2 });
    expect((await world.append(1, ['lost 1', 'lost 2'], producer)).baseOffset).toBe(4n);
  });

  it('cuts no log but the one that its leader was asked about: an order that comes late drops nothing that was copied since', async () => {
    await world.append(1, ['lost']);
    await world.follow(3, 1);
    await world.appoint({ leader: 2, leaderEpoch: 1 });
    const asked = await logOf(3);
    await world.append(2, ['b']);
    for (let round = 0; round < 2; round++) await world.follow(3, 2);
    // Its end is where it was; the record before it is another one.
    expect(await logOf(3)).toMatchObject({ logEndOffset: asked.logEndOffset, lastEpoch: 1 });
    const { replicas } = world.broker(3);
    await expect(replicas.truncate(asked, offset(0))).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
    await expect(replicas.restartAt(asked, offset(0))).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
    await world.append(2, ['c']);
    const before = await logOf(3);
    await world.follow(3, 2);
    await expect(replicas.truncate(before, offset(0))).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
    expect(await everything(3)).toEqual(await everything(2));
  });

  it('begins anew where its leader’s log begins', async () => {
    await world.append(1, ['a']);
    await world.follow(2, 1);
    await world.broker(2).replicas.restartAt(await logOf(2), offset(700));
    expect(await ends(2)).toMatchObject({ logStartOffset: 700n, logEndOffset: 700n });
    expect(await epochs(2)).toEqual([]);
  });
});

async function everythingForFollower() {
  return (
    await world
      .broker(1)
      .replicas.readForFollower([{ partitionId: id, leaderEpoch: 0, fetchOffset: offset(0) }], LIMITS)
  ).batches.get(id);
}

describe('a leader', () => {
  it('refuses to be read under another epoch, and from where its log does not reach', async () => {
    await world.append(1, ['a']);
    const { replicas } = world.broker(1);
    const readAs = async (leaderEpoch: number, from: number) =>
      (await replicas.readForFollower([{ partitionId: id, leaderEpoch, fetchOffset: offset(from) }], LIMITS)).refused;
    expect([await readAs(0, 0), await readAs(0, 1), await readAs(1, 0), await readAs(0, 2)]).toEqual([
      [],
      [],
      [id],
      [id],
    ]);
  });

  it('takes a follower to be caught up by what it fetched, elsewhere only when it fetched all that it follows', async () => {
    const { replicas, database } = world.broker(1);
    const fetch = { partitionId: id, leaderEpoch: 0, fetchOffset: offset(0), lastEpoch: -1 };
    const looks = {
      name: 'looks',
      text: 'select count(*)::integer as n from postlog.follower_fetch where broker_id = 2',
    };
    await database.query({ name: 'forget', text: 'delete from postlog.follower_fetch' });
    await replicas.noteFetch({ brokerId: 2, brokerEpoch: 1 }, [fetch], { isWhole: false });
    const [before] = await database.query<{ n: number }>(looks);
    await replicas.noteFetch({ brokerId: 2, brokerEpoch: 1 }, [fetch], { isWhole: true });
    const [after] = await database.query<{ n: number }>(looks);
    expect([before!.n, after!.n]).toEqual([0, 1]);
  });

  it('writes where its epoch begins before it takes records, also when none come', async () => {
    await world.append(1, ['a', 'b']);
    await world.appoint({ leader: 1, leaderEpoch: 4 });
    await world.appoint({ leader: 1, leaderEpoch: 7 });
    expect(await epochs(1)).toEqual(['0:0', '7:2']);
  });

  it('leaves no trace of an epoch without records where it copies records of an earlier one', async () => {
    await world.append(1, ['a']);
    await world.follow(2, 1);
    await world.append(1, ['b']);
    await world.appoint({ leader: 2, leaderEpoch: 5 });
    await world.appoint({ leader: 1, leaderEpoch: 6 });
    expect(await epochs(2)).toEqual(['0:0', '5:1']);
    await world.follow(2, 1);
    expect(await epochs(2)).toEqual(['0:0']);
    expect(await world.broker(2).replicas.endOfEpoch(id, 0)).toEqual({ epoch: 0, endOffset: 2n });
  });

  it('takes no role that is older than the one it has', async () => {
    await world.appoint({ leaderEpoch: 5, partitionEpoch: 50 });
    await world.appoint({ leaderEpoch: 4, partitionEpoch: 60, leader: 2 });
    await world.appoint({ leaderEpoch: 5, partitionEpoch: 50, leader: 3 });
    const replica = (await world.broker(1).replicas.listReplicas()).find(({ partitionId }) => partitionId === id);
    expect(replica).toMatchObject({ leader: 1, leaderEpoch: 5, partitionEpoch: 50 });
  });

  it('does not take records for all in-sync replicas while they are too few, and its mark stands still', async () => {
    await world.appoint({ isr: [1], minIsr: 2 });
    expect((await world.append(1, ['a'], undefined, true)).error).toBe('NOT_ENOUGH_REPLICAS');
    expect((await world.append(1, ['a'])).error).toBeUndefined();
    expect(await mark(1)).toBe(0);
    await world.appoint({ isr: [1], minIsr: 1 });
    expect(await mark(1)).toBe(1);
  });

  it('moves the mark when a smaller ISR allows it, though no follower has anything to fetch', async () => {
    await world.append(1, ['a']);
    await world.follow(2, 1);
    await world.follow(2, 1);
    expect(await mark(1)).toBe(0);
    await world.appoint({ isr: [1, 2] });
    expect(await mark(1)).toBe(1);
  });

  it('does not wait for a follower that left the ISR, though it was caught up a moment ago', async () => {
    for (const follower of [2, 3]) await world.follow(follower, 1);
    await world.appoint({ isr: [1, 2] });
    await world.append(1, ['a']);
    await world.follow(2, 1);
    await world.follow(2, 1);
    expect(await mark(1)).toBe(1);
  });

  it('shows readers nothing at or above the mark', async () => {
    await world.append(1, ['a']);
    const request = [{ partitionId: id, fetchOffset: offset(0) }];
    expect(await read(world.broker(1).database, request, LIMITS)).toEqual([]);
    await world.appoint({ isr: [1] });
    expect((await read(world.broker(1).database, request, LIMITS))[0]!.batches).toHaveLength(1);
  });

  it('never leads without having renewed the time to which it may', async () => {
    await world
      .broker(1)
      .database.query({ name: 'late', text: `update postlog.broker set lead_until = clock_timestamp()` });
    expect((await world.append(1, ['a'])).error).toBe('NOT_LEADER_OR_FOLLOWER');
    const [answer] = await world
      .broker(1)
      .replicas.noteFetch({ brokerId: 2, brokerEpoch: 1 }, [
        { partitionId: id, leaderEpoch: 0, fetchOffset: offset(0), lastEpoch: -1 },
      ]);
    expect(answer!.error).toBe('NOT_LEADER_OR_FOLLOWER');
  });
});
