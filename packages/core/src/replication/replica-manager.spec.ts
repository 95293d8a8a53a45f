import type { ClusterImage, TopicState } from '../cluster/cluster-image.js';
import { ReplicaManager } from './replica-manager.js';
import type { ReplicaRole, ReplicaStore } from './replica-store.js';

const topic = (topicName: string, leaderEpoch: number, replicas: number[]): TopicState => ({
  topic: topicName,
  topicId: topicName,
  config: {},
  replicationFactor: replicas.length,
  partitions: [
    {
      partition: 0,
      partitionId: topicName.length,
      replicas,
      addingReplicas: [],
      removingReplicas: [],
      isr: replicas,
      elr: [],
      leader: replicas[0]!,
      leaderEpoch,
      partitionEpoch: leaderEpoch,
      isRecovering: false,
    },
  ],
});
const image = (revision: bigint, ...topics: TopicState[]): ClusterImage => ({
  revision,
  brokers: new Map(),
  topics: new Map(topics.map((each) => [each.topic, each])),
});

/** A database that remembers what it was told. */
function world() {
  const applied: ReplicaRole[][] = [];
  const held: number[][] = [];
  const own = {
    listReplicas: () => Promise.resolve([]),
    applyRoles: (roles: readonly ReplicaRole[]) => {
      applied.push([...roles]);
      return Promise.resolve(roles.map(({ partitionId }) => partitionId));
    },
  } as unknown as ReplicaStore;
  const topics = {
    applyTopics: (_: ClusterImage, ids: readonly number[]) => {
      held.push([...ids]);
      return Promise.resolve(true);
    },
  };
  const changed: number[] = [];
  const onChanged = (roles: readonly ReplicaRole[]) => changed.push(...roles.map(({ partitionId }) => partitionId));
  return { manager: new ReplicaManager({ brokerId: 2, own, topics, onChanged }), applied, held, changed };
}

describe('a replica manager', () => {
  it('tells its database what is new to it, and says so', async () => {
    const { manager, applied, held, changed } = world();
    await manager.apply(image(1n, topic('a', 0, [1, 2]), topic('bb', 0, [3, 1])));
    await manager.apply(image(2n, topic('a', 0, [1, 2]), topic('ccc', 4, [2])));
    expect(applied.map((roles) => roles.map(({ partitionId, leaderEpoch }) => [partitionId, leaderEpoch]))).toEqual([
      [[1, 0]],
      [[3, 4]],
    ]);
    expect(held).toEqual([[1], [1, 3]]);
    expect(changed).toEqual([1, 3]);
    expect(manager.appliedRevision).toBe(2n);
  });

  it('leaves older images alone, and looks anew once it is told to forget', async () => {
    const { manager, applied, held } = world();
    await manager.apply(image(5n, topic('a', 3, [2, 1])));
    await manager.apply(image(5n, topic('a', 3, [2, 1])));
    await manager.apply(image(4n));
    expect([applied.length, held]).toEqual([1, [[1]]]);
    manager.forget();
    await manager.apply(image(5n, topic('a', 3, [2, 1])));
    expect(applied).toHaveLength(2);
  });

  it('drops what it holds no more, and takes it anew when it comes back', async () => {
    const { manager, applied, held } = world();
    await manager.apply(image(1n, topic('a', 0, [1, 2])));
    await manager.apply(image(2n, topic('a', 1, [1, 3])));
    await manager.apply(image(3n, topic('a', 1, [1, 2])));
    expect(held).toEqual([[1], [], [1]]);
    expect(applied).toHaveLength(2);
  });
});
