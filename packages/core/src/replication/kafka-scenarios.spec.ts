/**
 * What once broke Kafka, as fixed stories: production's fetchers, ISR keepers and rules over databases in memory.
 * Each names the change of Kafka's that put it right.
 */
import { offset } from '../record/offset.js';
import { MemoryCluster } from '../testing/memory-cluster.js';

const PARTITION = 7;
let cluster: MemoryCluster;
beforeEach(async () => {
  cluster = new MemoryCluster({ minIsr: 1 });
  await cluster.tell(1, 2, 3);
});

const records = async (id: number) => (await cluster.log(id)).records;
const shown = async (id: number) => (await cluster.log(id)).shown;

describe('what once broke Kafka', () => {
  it('a follower that has not learned the mark yet, and hears of an election, keeps its records (KIP-101)', async () => {
    await cluster.append(1, 'a', 'all');
    for (const follower of [2, 3]) await cluster.fetch(follower);
    expect(await shown(1)).toEqual(['a@1']);
    expect(await shown(2)).toEqual([]);
    cluster.move(3);
    await cluster.tell(2, 3);
    cluster.fence(1, 3);
    await cluster.tell(2);
    expect(cluster.state.leader).toBe(2);
    expect(await records(2)).toEqual(['a@1']);
  });

  it('two leaders after each other, each with records of its own, end with one log (KIP-279)', async () => {
    await cluster.append(1, 'a');
    await cluster.fetch(2);
    await cluster.fetch(3);
    await cluster.append(1, 'lost with 1');
    cluster.fence(1);
    await cluster.tell(2);
    await cluster.append(2, 'lost with 2');
    cluster.fence(1, 2);
    await cluster.tell(3);
    await cluster.append(3, 'b');
    cluster.fence();
    await cluster.tell(1, 2, 3);
    await cluster.fetch(1, 4);
    await cluster.fetch(2, 4);
    for (const id of [1, 2, 3]) expect(await records(id)).toEqual(['a@1', `b@${cluster.state.leaderEpoch}`]);
  });

  it('a follower of an earlier epoch does not move the mark of the new leader (first draft of KIP-320)', async () => {
    await cluster.append(1, 'a');
    await cluster.fetch(2);
    await cluster.fetch(3);
    cluster.move(2);
    await cluster.tell(2);
    await cluster.append(2, 'b');
    // Broker 3 has not heard of the election: whatever it says is said to the wrong leader, under the wrong epoch.
    const [answer] = await cluster
      .store(2)
      .noteFetch({ brokerId: 3, brokerEpoch: 1 }, [
        { partitionId: PARTITION, leaderEpoch: 1, fetchOffset: offset(2), lastEpoch: 1 },
      ]);
    expect(answer?.error).toBe('FENCED_LEADER_EPOCH');
    expect(await shown(2)).toEqual([]);
  });

  it('a deposed leader is no source for truncation: who follows a newer epoch is refused', async () => {
    await cluster.append(1, 'a');
    cluster.fence(1);
    await cluster.tell(2, 3);
    const [answer] = await cluster
      .store(1)
      .noteFetch({ brokerId: 3, brokerEpoch: 1 }, [
        { partitionId: PARTITION, leaderEpoch: cluster.state.leaderEpoch, fetchOffset: offset(0), lastEpoch: -1 },
      ]);
    expect(answer).toMatchObject({ error: 'UNKNOWN_LEADER_EPOCH', diverging: undefined });
    const [replica] = await cluster.store(3).listReplicas();
    await expect(cluster.store(3).truncate({ ...replica!, leaderEpoch: 1 }, offset(0))).rejects.toMatchObject({
      code: 'FENCED_LEADER_EPOCH',
    });
  });

  it('the ISR does not grow right after an election by one that lacks what the old leader committed', async () => {
    cluster.fence(3);
    await cluster.tell(1);
    await cluster.append(1, 'a', 'all');
    await cluster.fetch(2, 2);
    expect(await shown(1)).toEqual(['a@1']);
    cluster.fence();
    cluster.move(2);
    await cluster.tell(1, 2, 3);
    // The new leader knows of no mark yet, so broker 3 is at it with an empty log.
    expect(await shown(2)).toEqual([]);
    await cluster.fetch(1);
    await cluster
      .store(2)
      .noteFetch({ brokerId: 3, brokerEpoch: 1 }, [
        { partitionId: PARTITION, leaderEpoch: cluster.state.leaderEpoch, fetchOffset: offset(0), lastEpoch: -1 },
      ]);
    await cluster.keepIsr(2);
    expect(cluster.state.isr).toEqual([1, 2]);
    await cluster.fetch(3, 2);
    await cluster.keepIsr(2);
    expect(cluster.state.isr).toEqual([1, 2, 3]);
  });

  it('elections without any record in between leave every epoch known, and nothing is cut (KAFKA-7415, KAFKA-10706)', async () => {
    await cluster.append(1, 'a', 'all');
    await cluster.fetch(2, 2);
    await cluster.fetch(3, 2);
    for (const leader of [2, 3, 1, 2]) {
      cluster.move(leader);
      await cluster.tell(leader);
    }
    await cluster.tell(1, 2, 3);
    const { leaderEpoch } = cluster.state;
    expect(await cluster.store(2).endOfEpoch(PARTITION, leaderEpoch)).toEqual({ epoch: leaderEpoch, endOffset: 1n });
    await cluster.fetch(1, 2);
    await cluster.fetch(3, 2);
    for (const id of [1, 2, 3]) expect(await records(id)).toEqual(['a@1']);
  });

  it('a leader that led before without appending does not send followers back (an epoch without records)', async () => {
    await cluster.append(1, 'a', 'all');
    cluster.move(2);
    await cluster.tell(2);
    cluster.move(1);
    await cluster.tell(1, 2, 3);
    await cluster.fetch(2, 2);
    await cluster.fetch(3, 2);
    expect(await shown(1)).toEqual(['a@1']);
    cluster.move(2);
    await cluster.tell(1, 2, 3);
    await cluster.fetch(1, 2);
    expect(await records(1)).toEqual(['a@1']);
  });

  it('a follower that missed an epoch of the same leader truncates to that leader (KAFKA-7164)', async () => {
    await cluster.append(1, 'a');
    await cluster.fetch(2);
    await cluster.fetch(3);
    await cluster.append(1, 'lost');
    await cluster.fetch(3);
    cluster.move(2);
    await cluster.tell(2);
    cluster.move(1);
    cluster.move(2);
    await cluster.tell(2);
    await cluster.append(2, 'b');
    await cluster.tell(3);
    await cluster.fetch(3, 3);
    expect(await records(3)).toEqual(['a@1', `b@${cluster.state.leaderEpoch}`]);
  });

  it('fetches that bring nothing leave the epoch of the last record known (KAFKA-15510)', async () => {
    await cluster.append(1, 'a');
    await cluster.fetch(2, 5);
    cluster.clock.advance(1_000);
    await cluster.fetch(2, 5);
    expect(await cluster.store(2).listReplicas()).toMatchObject([{ lastEpoch: 1, logEndOffset: 1n }]);
  });

  it('a copy that began from nothing knows where every epoch began (KAFKA-20961)', async () => {
    await cluster.append(1, 'a');
    await cluster.fetch(2);
    cluster.move(2);
    await cluster.tell(2);
    await cluster.append(2, 'b');
    await cluster.tell(3);
    await cluster.fetch(3);
    expect(await records(3)).toEqual(['a@1', 'b@2']);
    for (const epoch of [0, 1, 2, 3]) {
      expect(await cluster.store(3).endOfEpoch(PARTITION, epoch)).toEqual(
        await cluster.store(2).endOfEpoch(PARTITION, epoch),
      );
    }
  });

  it('the last replica standing, restarted with its end lost, does not lead: who left before it does (KIP-966)', async () => {
    cluster = new MemoryCluster({ minIsr: 2 });
    await cluster.tell(1, 2, 3);
    await cluster.append(1, 'a', 'all');
    for (const follower of [2, 3, 2, 3]) await cluster.fetch(follower);
    cluster.fence(3);
    cluster.fence(2, 3);
    await cluster.tell(1);
    expect(await cluster.append(1, 'b', 'all')).toEqual({ error: 'NOT_ENOUGH_REPLICAS' });
    await cluster.append(1, 'c');
    expect(await shown(1)).toEqual(['a@1']);
    cluster.restartUncleanly(1);
    cluster.fence(1, 2, 3);
    expect(cluster.state).toMatchObject({ leader: null, isr: [], elr: [2] });
    cluster.fence(1, 3);
    await cluster.tell(2);
    expect(cluster.state).toMatchObject({ leader: 2, isRecovering: false });
    expect(await records(2)).toEqual(['a@1']);
  });

  it('one flipped bit is not copied: the follower compares the checksum (nats 7549)', async () => {
    await cluster.append(1, 'a');
    const [batch] = cluster.store(1).logOf(PARTITION);
    const at = batch!.bytes.length - 2;
    batch!.bytes[at] = batch!.bytes[at]! ^ 1;
    await expect(cluster.fetch(2)).rejects.toMatchObject({ code: 'CORRUPT_MESSAGE' });
    expect(await records(2)).toEqual([]);
  });
});

describe('a replicated partition', () => {
  it('shows a record when all in-sync replicas have it, to clients of the leader only', async () => {
    await cluster.append(1, 'a', 'all');
    expect(await cluster.read(1)).toBe(0);
    for (const follower of [2, 3, 2, 3]) await cluster.fetch(follower);
    expect(await cluster.read(1)).toBe(1);
    expect(await cluster.read(2)).toBe(-1);
  });

  it('never confirms what an isolated leader took: its ISR shrinks by the controller’s word only', async () => {
    cluster.fence(1);
    await cluster.tell(2, 3);
    await cluster.append(1, 'taken', 1);
    cluster.clock.advance(60_000);
    await cluster.keepIsr(1);
    await cluster.keepIsr(1);
    expect(await shown(1)).toEqual([]);
    expect(cluster.state).toMatchObject({ leader: 2, isr: [2, 3] });
  });

  it('refuses what comes when the time to lead is over, and what an idempotent producer sends twice is stored once', async () => {
    const twice = { recordCount: 2, bytes: Buffer.from('x'), producerId: 9n, producerEpoch: 0, baseSequence: 0 };
    const send = () => cluster.store(1).append(PARTITION, 1, twice, { acks: 1 });
    expect(await send()).toEqual({ baseOffset: 0n, lastOffset: 1n });
    expect(await send()).toEqual({ baseOffset: 0n, lastOffset: 1n });
    expect(await cluster.store(1).append(PARTITION, 0, twice, { acks: 1 })).toEqual({ error: 'FENCED_LEADER_EPOCH' });
    cluster.store(1).leadFor(1_000);
    cluster.clock.advance(1_000);
    expect(await send()).toEqual({ error: 'NOT_LEADER_OR_FOLLOWER' });
  });

  it('takes nobody into the ISR whom its server has forgotten in a crash, until it hears how far he is', async () => {
    cluster.fence(3);
    cluster.fence();
    await cluster.tell(1, 2, 3);
    await cluster.fetch(3);
    await cluster.append(1, 'a', 'all');
    await cluster.fetch(2, 2);
    // Broker 3 is in time, but not yet where broker 2 is: it is proposed, and waited for.
    await cluster.keepIsr(1);
    cluster.store(1).crash();
    await cluster.keepIsr(1);
    expect(cluster.state.isr).toEqual([1, 2]);
    await cluster.fetch(3, 2);
    await cluster.keepIsr(1);
    expect(cluster.state.isr).toEqual([1, 2, 3]);
    expect(await records(3)).toEqual(['a@1']);
  });

  it('goes on from the checkpoint when its server crashed, and from there to where the mark was', async () => {
    for (const value of ['a', 'b']) {
      await cluster.append(1, value);
      for (const follower of [2, 3, 2, 3]) await cluster.fetch(follower);
      if (value === 'a') cluster.store(1).checkpoint();
    }
    cluster.store(1).crash();
    expect(await shown(1)).toEqual(['a@1']);
    await cluster.fetch(2);
    await cluster.fetch(3);
    expect(await shown(1)).toEqual(['a@1', 'b@1']);
  });
});
