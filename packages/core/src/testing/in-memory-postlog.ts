import { Applications } from '../client/applications.js';
import { FetchDispatcher } from '../broker/fetch-dispatcher.js';
import type { ClientBroker } from '../broker/log-requests.js';
import { groupKey } from '../broker/wake-up.js';
import { WatermarkWaits } from '../broker/watermark-waits.js';
import type { Cluster, ClusterOperations } from '../client/cluster.js';
import { attach } from '../client/connect.js';
import type { Postlog } from '../client/postlog.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { ConsumedMessage } from '../record/messages.js';
import type { Assignor } from '../group/assignors.js';
import type { Clock } from '../runtime/clock.js';
import { silentLogger, type Logger } from '../runtime/logger.js';
import { Purgatory } from '../runtime/purgatory.js';
import { systemRandom, type Random } from '../runtime/random.js';
import { InMemoryCoordinator } from './in-memory-coordinator.js';
import { inMemoryDeadLetters } from './in-memory-dead-letters.js';
import { InMemoryLog } from './in-memory-log.js';
import { BROKER_ID, InMemoryTopics } from './in-memory-topics.js';

export interface InMemoryBrokerOptions {
  readonly clock: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/**
 * A broker without Postgres, for tests of applications: real producers, consumers, groups and admins on a log in memory. Any number
 * of processes' worth of clients share it by `connect`. It has no transactions, and nothing outlives it.
 */
export class InMemoryBroker {
  readonly clock: Clock;
  readonly coordinator: InMemoryCoordinator;
  readonly topics: InMemoryTopics;
  readonly #log = new InMemoryLog();
  readonly #cluster: Cluster;

  constructor({ clock, random = systemRandom, logger = silentLogger }: InMemoryBrokerOptions) {
    if (process.env['NODE_ENV'] === 'production')
      throw new PostlogError(
        'INVALID_CONFIG',
        'a log in memory is for tests; connect to Postgres where NODE_ENV is production.',
      );
    this.clock = clock;
    const log = this.#log;
    const appended = new Purgatory<number>();
    const groupsChanged = new Purgatory<string>();
    const onChange = () => groupsChanged.wakeAll();
    this.topics = new InMemoryTopics({ log, random, onChange });
    this.coordinator = new InMemoryCoordinator({
      topics: this.topics,
      clock,
      onGroupChanged: (groupId) => groupsChanged.wake(groupKey(groupId)),
    });
    const fetches = new FetchDispatcher({
      read: (asked, limits) => log.read(asked, limits),
      clock,
      purgatory: appended,
    });
    fetches.setLive(true);
    const broker: ClientBroker = {
      brokerId: BROKER_ID,
      requestTimeout: 30_000,
      log,
      deadLetters: inMemoryDeadLetters(),
      fetches,
      watermarks: new WatermarkWaits({ look: (partitionIds) => log.ends(partitionIds), clock, purgatory: appended }),
      announceAppend: (partitionIds) => {
        for (const partitionId of partitionIds) appended.wake(partitionId);
      },
    };
    const leader = { brokerId: BROKER_ID, leaderEpoch: -1 };
    const seat = { brokerId: BROKER_ID, coordinator: this.coordinator, groupsChanged };
    this.#cluster = {
      clock,
      random,
      logger,
      topics: this.topics,
      operations: OPERATIONS,
      isOneBroker: false,
      parked: undefined,
      knownLeader: () => leader,
      broker: () => Promise.resolve(broker),
      leaderOf: () => Promise.resolve({ broker, leaderEpoch: leader.leaderEpoch }),
      refresh: () => Promise.resolve(),
      onLeadersChanged: () => () => {},
      knownCoordinator: () => leader,
      coordinatorOf: () => Promise.resolve(seat),
      forgetCoordinator: () => {},
      coordinators: () => Promise.resolve([seat]),
      learnAssignor: (name: string, assignor: Assignor) => this.coordinator.learnAssignor(name, assignor),
      close: () => Promise.resolve(),
    };
  }

  /** Everything that is kept of a topic, by partition. */
  recordsOf(topic: string): readonly { readonly partition: number; readonly messages: readonly ConsumedMessage[] }[] {
    const places = this.topics.partitions.filter((place) => place.topic === topic);
    return places.map(({ partition, partitionId }) => ({ partition, messages: this.#log.recordsOf(partitionId) }));
  }

  /** Where a group goes on, by partition number; what it never committed is left out. A decimal string. */
  committedOf(groupId: string, topic: string): Readonly<Record<number, string>> {
    const places = this.topics.partitions.filter((place) => place.topic === topic);
    return Object.fromEntries(
      places.flatMap(({ partition, partitionId }) => {
        const committed = this.coordinator.committedOf(groupId, partitionId);
        return committed === undefined ? [] : [[partition, String(committed)]];
      }),
    );
  }

  /** How many records of a topic a group has yet to commit. */
  async lagOf(groupId: string, topic: string): Promise<number> {
    const places = this.topics.partitions.filter((place) => place.topic === topic);
    const ends = await this.#log.ends(places.map(({ partitionId }) => partitionId));
    return ends.reduce((sum, { partitionId, logStartOffset, logEndOffset }) => {
      const committed = this.coordinator.committedOf(groupId, partitionId) ?? logStartOffset;
      return sum + Number(logEndOffset - committed);
    }, 0);
  }

  /** As core's `connect`. */
  connect(options: { readonly clientId?: string; readonly allowAutoTopicCreation?: boolean } = {}): Postlog {
    const cluster = this.#cluster;
    const { random } = cluster;
    const applications = new Applications([], { schema: 'postlog', random });
    return attach({ cluster, applications, close: () => cluster.close() }, options);
  }
}

const OPERATIONS: ClusterOperations = {
  describe: () => {
    const broker = { brokerId: BROKER_ID, rack: null, address: 'localhost:1/memory', state: 'active' as const };
    return Promise.resolve({ clusterId: 'memory', controller: BROKER_ID, brokers: [broker] });
  },
  elect: () => Promise.resolve([]),
  reassign: () => Promise.reject(alone()),
  drain: () => Promise.reject(alone()),
};

function alone(): PostlogError {
  return new PostlogError('INVALID_REQUEST', 'a log in memory has one broker, so no other can have its partitions.');
}
