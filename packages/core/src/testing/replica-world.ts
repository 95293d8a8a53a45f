import { append, type Appended } from '../log/append.store.js';
import type { Database } from '../postgres/database.js';
import { offset } from '../record/offset.js';
import { PostgresReplicaStore } from '../replication/postgres-replica-store.js';
import type { FollowerFetchAnswer, ReplicaRole } from '../replication/replica-store.js';
import { batchOf } from './log-world.js';
import { migratedDatabase, type MigratedDatabase } from './migrated-database.js';

const TOPIC_ID = '00000000-0000-4000-8000-000000000001';
const LIMITS = { partitionMaxBytes: 1_000_000, maxBytes: 8_000_000 };

/** One broker of the world: a database of its own. */
interface TestBroker {
  readonly brokerId: number;
  readonly database: Database;
  readonly replicas: PostgresReplicaStore;
}

export interface ReplicaWorld {
  readonly brokers: readonly TestBroker[];
  broker(brokerId: number): TestBroker;
  /** Begins anew with another partition, led by broker 1 with everybody in sync; answers its number. */
  begin(): Promise<number>;
  /** Tells all brokers what the controller decided; what is left out stays as in the last role. */
  appoint(role: Partial<ReplicaRole>, brokerIds?: readonly number[]): Promise<ReplicaRole>;
  /** Appends a batch of these values at a broker, as a client would. */
  append(
    brokerId: number,
    values: readonly string[],
    producer?: Parameters<typeof batchOf>[2],
    needsIsr?: boolean,
  ): Promise<Appended>;
  /** What a follower does in one turn: acknowledges, truncates if the logs part, and copies. */
  follow(followerId: number, leaderId: number): Promise<FollowerFetchAnswer>;
  drop(): Promise<void>;
}

/** Brokers 1, 2, … that hold the partitions of one topic, each in a database of its own. One partition at a time is acted on. */
export async function replicaWorld(brokerCount: number): Promise<ReplicaWorld> {
  const worlds: MigratedDatabase[] = [];
  const brokers: TestBroker[] = [];
  for (let brokerId = 1; brokerId <= brokerCount; brokerId++) {
    const world = await migratedDatabase();
    worlds.push(world);
    await world.database.query({ name: 'id', text: `update postlog.broker set broker_id = ${brokerId}` });
    brokers.push({ brokerId, database: world.database, replicas: new PostgresReplicaStore(world.database) });
  }
  const all = brokers.map(({ brokerId }) => brokerId);
  const broker = (brokerId: number) => brokers.find((each) => each.brokerId === brokerId)!;
  const atFirst = {
    topicId: TOPIC_ID,
    leader: 1,
    leaderEpoch: 0,
    partitionEpoch: 0,
    replicas: all,
    isr: all,
    minIsr: 1,
  };
  let role: ReplicaRole = { ...atFirst, partition: -1, partitionId: 0 };
  const tell = async (brokerIds: readonly number[]) => {
    for (const brokerId of brokerIds) await broker(brokerId).replicas.applyRoles([role]);
    return role;
  };
  return {
    brokers,
    broker,
    appoint: async (changes, brokerIds = all) => {
      role = { ...role, partitionEpoch: role.partitionEpoch + 1, ...changes };
      return tell(brokerIds);
    },
    begin: async () => {
      role = { ...atFirst, partition: role.partition + 1, partitionId: role.partitionId + 1 };
      for (const { database } of brokers) {
        await database.query({
          name: 'partition',
          text: `insert into postlog.topic_partition (topic_id, partition, partition_id)
                 values ('${TOPIC_ID}', ${role.partition}, ${role.partitionId})`,
        });
      }
      await tell(all);
      return role.partitionId;
    },
    append: async (brokerId, values, producer, needsIsr = false) => {
      const [answer] = await append(
        broker(brokerId).database,
        [{ ...(await batchOf(role.partitionId, values, producer)), leaderEpoch: -1 }],
        { needsIsr },
      );
      return answer!;
    },
    follow: (followerId, leaderId) => follow(broker(followerId), broker(leaderId), role.partitionId),
    drop: async () => {
      for (const world of worlds) await world.drop();
    },
  };
}

async function follow(follower: TestBroker, leader: TestBroker, followed: number): Promise<FollowerFetchAnswer> {
  const own = (await follower.replicas.listReplicas()).find((replica) => replica.partitionId === followed);
  const { partitionId, leaderEpoch, logEndOffset: fetchOffset, lastEpoch } = own!;
  const fetch = { partitionId, leaderEpoch, fetchOffset, lastEpoch };
  const [answer] = await leader.replicas.noteFetch({ brokerId: follower.brokerId, brokerEpoch: 1 }, [fetch]);
  if (answer!.error !== undefined) return answer!;
  if (answer!.diverging !== undefined) {
    const mine = await follower.replicas.endOfEpoch(partitionId, answer!.diverging.epoch);
    const to = mine.endOffset < answer!.diverging.endOffset ? mine.endOffset : answer!.diverging.endOffset;
    await follower.replicas.truncate(own!, offset(to));
    return answer!;
  }
  const batches = (await leader.replicas.readForFollower([fetch], LIMITS)).batches.get(partitionId) ?? [];
  await follower.replicas.appendAsFollower([
    {
      partitionId,
      leaderEpoch,
      batches,
      leaderHighWatermark: answer!.highWatermark,
      leaderLogStartOffset: answer!.logStartOffset,
    },
  ]);
  return answer!;
}
