import type { BrokerId } from '../cluster/cluster-image.js';
import type { SimulatedBroker } from './simulation-broker.js';
import type { SimulatedDatabase } from './simulation-database.js';
import type { SimulatedMetadata } from './simulation-metadata.js';
import type { Mistakes } from './simulation-mistakes.js';
import type { SimulatedNetwork } from './simulation-network.js';
import type { SeededRandom } from './simulation-random.js';
import type { VirtualTime } from './simulation-time.js';

/** What the parts of a simulation share. */
export interface SimulationWorld {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly metadata: SimulatedMetadata;
  readonly brokerIds: readonly BrokerId[];
  readonly partitions: readonly SimulatedPartition[];
  readonly preferredElectionEveryMs: number;
  readonly mistakes: Mistakes;
  database(brokerId: BrokerId): SimulatedDatabase;
  trace(who: string, what: string): void;
  /** Something that must never be. */
  violate(what: string): void;
  /** A client was served as by the partition's leader, just now. */
  served(database: SimulatedDatabase, partitionId: number): void;
  /** A broker's process ended by itself. */
  ended(broker: SimulatedBroker, why: string): void;
}

export interface SimulatedPartition {
  readonly partition: number;
  readonly partitionId: number;
  readonly replicas: readonly BrokerId[];
}
