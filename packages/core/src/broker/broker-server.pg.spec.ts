import { logEnds, read } from '../log/log.store.js';
import { offset } from '../record/offset.js';
import { decodeBatch } from '../record/record-batch-reader.js';
import { until } from '../testing/collect.js';
import { TestCluster } from '../testing/test-cluster.js';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const topic = { name: 'orders', replicationFactor: 3, minInsyncReplicas: 2 };
/** Whether a broker's time to lead is not over, whatever it leads. */
const MAY_LEAD = {
  name: 'may_lead',
  text: /* sql */ `select b.lead_until > clock_timestamp() as may_lead from postlog.broker b`,
};
/** Values of everything that a broker holds, whatever its mark. */
async function holds(brokerId: number): Promise<string[]> {
  const { partitionId } = await cluster.partition();
  const request = [{ partitionId, fetchOffset: offset(0) }];
  const limits = { partitionMaxBytes: 1e6, maxBytes: 1e6 };
  const [answer] = await read(cluster.client(brokerId).database, request, limits, 'nearby consumer');
  return (answer?.batches ?? []).flatMap(({ bytes, baseOffset }) =>
    decodeBatch(bytes, { baseOffset }).map(({ value }) => String(value)),
  );
}

describe('a cluster of three brokers', () => {
  it('acknowledges what all in-sync replicas have, and shows it everywhere', async () => {
    cluster = await TestCluster.start({ brokers: 3, topic });
    expect((await cluster.produce(1, ['a', 'b'])).error).toBeUndefined();
    await until(async () => (await holds(2)).includes('b') && (await holds(3)).includes('b'));
    expect(await holds(2)).toEqual(await holds(1));
    expect((await cluster.produce(2, ['x'])).error).toBe('NOT_LEADER_OR_FOLLOWER');
  });

  it('elects another leader when one dies, and loses nothing that was acknowledged', async () => {
    cluster = await TestCluster.start({ brokers: 3, topic });
    expect((await cluster.produce(1, ['kept'])).error).toBeUndefined();
    await cluster.killBroker(1);
    await until(async () => (await cluster.partition()).leader === 2);
    await until(async () => (await cluster.produce(2, ['after'])).error === undefined);
    expect((await cluster.partition()).isr).toEqual([2, 3]);
    expect(await holds(2)).toEqual(expect.arrayContaining(['kept', 'after']));
    // Its database is alive, but it may not lead any more: the time to which it was renewed has passed.
    expect((await cluster.produce(1, ['too late'], 1)).error).toBe('NOT_LEADER_OR_FOLLOWER');

    await cluster.startBroker(1);
    await until(async () => (await cluster.partition()).isr.length === 3);
    expect(await holds(1)).toEqual(await holds(2));
  });

  it('drops what a deposed leader alone had taken, when it comes back', async () => {
    cluster = await TestCluster.start({ brokers: 3, topic });
    await cluster.produce(1, ['kept']);
    for (const brokerId of [2, 3]) await cluster.killBroker(brokerId);
    expect((await cluster.produce(1, ['alone'], 1)).error).toBeUndefined();
    await cluster.killBroker(1);
    await until(async () => (await cluster.produce(1, ['late'], 1)).error === 'NOT_LEADER_OR_FOLLOWER');
    for (const brokerId of [2, 3]) await cluster.startBroker(brokerId);
    await until(async () => [2, 3].includes((await cluster.partition()).leader ?? 0));
    const { leader } = await cluster.partition();
    await until(async () => (await cluster.produce(leader!, ['after'])).error === undefined);
    await cluster.startBroker(1);
    await until(async () => (await cluster.partition()).isr.length === 3);
    expect(await holds(1)).toEqual(await holds(leader!));
    expect(await holds(1)).not.toContain('alone');
  });

  it('does not let a deposed leader lead when it comes back, before it has heard of its successor', async () => {
    cluster = await TestCluster.start({ brokers: 3, topic });
    await cluster.killBroker(1);
    await until(async () => (await cluster.partition()).leader === 2);
    let [renewals, isBlind] = [0, true];
    await cluster.startBroker(1, (store) => ({
      list: (prefix) => (isBlind && renewals > 0 ? Promise.reject(new Error('no answer')) : store.list(prefix)),
      commit: (changes, fence) => store.commit(changes, fence),
      acquireLease: (lease) => {
        if (lease.name === 'broker/1') renewals += 1;
        return store.acquireLease(lease);
      },
      resignLease: (lease) => store.resignLease(lease),
      listLeases: (prefix) => store.listLeases(prefix),
      watch: (onChange) => store.watch(onChange),
      close: () => store.close(),
    }));
    await until(() => renewals >= 3);
    expect(await cluster.client(1).database.query(MAY_LEAD)).toEqual([{ may_lead: false }]);
    isBlind = false;
    await until(async () => (await cluster.partition()).isr.length === 3);
    expect(await cluster.client(1).database.query(MAY_LEAD)).toEqual([{ may_lead: true }]);
  });

  it('refuses what needs more in-sync replicas than there are, before it is stored', async () => {
    cluster = await TestCluster.start({ brokers: 3, topic, replicaLagTimeMaxMs: 500 });
    for (const brokerId of [2, 3]) await cluster.killBroker(brokerId);
    await until(async () => (await cluster.partition()).isr.length === 1);
    await until(async () => (await cluster.produce(1, ['x'])).error === 'NOT_ENOUGH_REPLICAS');
    expect(await holds(1)).not.toContain('x');
  });

  it('moves leaderships before a broker stops in order, within a second', async () => {
    cluster = await TestCluster.start({ brokers: 3, topic });
    await cluster.produce(1, ['a']);
    await cluster.stopBroker(1);
    const { leader, leaderEpoch } = await cluster.partition();
    expect([leader, leaderEpoch]).toEqual([2, 1]);
    await until(async () => (await cluster.produce(2, ['b'])).error === undefined);
    const [ends] = await logEnds(cluster.client(2).database, [(await cluster.partition()).partitionId]);
    expect(ends!.role).toBe('leader');
  });
});
