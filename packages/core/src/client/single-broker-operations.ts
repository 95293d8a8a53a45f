import { PostlogError } from '../errors/postlog-error.js';
import type { Broker } from '../broker/broker.js';
import { describeTopics } from '../log/topic.store.js';
import type { ClusterOperations, ClusterState, ElectionOutcome, ElectionType } from './cluster.js';

/** What an operator can do to a cluster of one: look at it. */
export class SingleBrokerOperations implements ClusterOperations {
  readonly #broker: Broker;
  readonly #address: string;

  constructor(broker: Broker, address: string) {
    this.#broker = broker;
    this.#address = address;
  }

  describe(): Promise<ClusterState> {
    const { brokerId } = this.#broker;
    const address = this.#address;
    const brokers = [{ brokerId, rack: null, address, state: 'active' as const }];
    return Promise.resolve({ clusterId: address, controller: brokerId, brokers });
  }

  async elect(_: ElectionType, topic: string, partitions: readonly number[] | null): Promise<ElectionOutcome[]> {
    const found = await describeTopics(this.#broker.database, [topic]);
    if (found.length === 0) throw new PostlogError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${topic} does not exist.`);
    const count = found.length;
    return (partitions ?? found.map(({ partition }) => partition)).map((partition) => ({
      topic,
      partition,
      leader: partition < count ? this.#broker.brokerId : null,
      error: partition < count ? 'ELECTION_NOT_NEEDED' : 'UNKNOWN_TOPIC_OR_PARTITION',
    }));
  }

  reassign(): Promise<void> {
    return Promise.reject(alone());
  }

  drain(): Promise<void> {
    return Promise.reject(alone());
  }
}

function alone(): PostlogError {
  return new PostlogError(
    'INVALID_REQUEST',
    'there is one broker, so no other can have its partitions; connect with brokers and metadata where there are several.',
  );
}
