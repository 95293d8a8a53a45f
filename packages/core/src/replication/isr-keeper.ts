/**
 * Keeps the in-sync replicas of the partitions that a broker leads: takes out who is late, takes in who has caught up (rules B9 to B12).
 *
 * A change goes three steps: it is noted in the leader's database, where it counts from then on; it is sent to the metadata store as a
 * compare-and-set; and what became of it comes back with the next role. A proposal whose process died is settled by raising the
 * partition epoch: after that, a compare-and-set that is still on its way can only fail.
 */
import type { BrokerId, RegisteredBroker } from '../cluster/cluster-image.js';
import type { Offset } from '../record/offset.js';
import type { Clock } from '../runtime/clock.js';
import { proposeIsr } from './in-sync-replicas.js';
import type { LedPartition, ReplicaStore } from './replica-store.js';

export interface IsrChange {
  readonly topicId: string;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly isr: readonly BrokerId[];
  /** Brokers that join, and the epoch of the registration under which they caught up. */
  readonly joining: ReadonlyMap<BrokerId, number>;
}

/** Who decides about changes of the ISR: the metadata store, by compare-and-set on both epochs. */
export interface IsrAuthority {
  brokers(): ReadonlyMap<BrokerId, RegisteredBroker>;
  /** False when an epoch has moved on or somebody who joins may not. Throws when the outcome is unknown. */
  changeIsr(change: IsrChange): Promise<boolean>;
}

export interface IsrKeeperOptions {
  readonly own: ReplicaStore;
  readonly authority: IsrAuthority;
  readonly clock: Clock;
  readonly replicaLagTimeMaxMs: number;
  /** The metadata store has news for this broker: apply them now. */
  readonly onDecided: () => void;
  readonly onError: (error: unknown) => void;
}

/** A proposal that waits for who joins to be where everybody else was when it was noted. */
interface Waiting {
  readonly isr: readonly BrokerId[];
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly joinOffset: Offset;
  readonly since: number;
}

export class IsrKeeper {
  readonly #options: IsrKeeperOptions;
  readonly #waiting = new Map<number, Waiting>();

  constructor(options: IsrKeeperOptions) {
    this.#options = options;
  }

  /** One look at all partitions that this broker leads; true when one waits for a follower to catch up. */
  async step(): Promise<boolean> {
    const led = await this.#options.own.listLed();
    const known = new Set(led.map(({ partitionId }) => partitionId));
    for (const partitionId of this.#waiting.keys()) if (!known.has(partitionId)) this.#waiting.delete(partitionId);
    let hasDecided = false;
    for (const partition of led) {
      try {
        if (await this.#look(partition)) hasDecided = true;
      } catch (error) {
        // Whether it was decided is not known: the next look finds the proposal still noted, and settles it.
        this.#waiting.delete(partition.partitionId);
        this.#options.onError(error);
      }
    }
    if (hasDecided) this.#options.onDecided();
    return this.#waiting.size > 0;
  }

  async #look(partition: LedPartition): Promise<boolean> {
    const waiting = this.#waiting.get(partition.partitionId);
    if (partition.pendingIsr === null) {
      this.#waiting.delete(partition.partitionId);
      return this.#propose(partition);
    }
    if (waiting === undefined || !isSameReign(waiting, partition)) return this.#settle(partition);
    return this.#goOn(partition, waiting);
  }

  async #propose(partition: LedPartition): Promise<boolean> {
    const { own, authority, replicaLagTimeMaxMs, clock } = this.#options;
    const isr = proposeIsr(partition, authority.brokers(), replicaLagTimeMaxMs);
    if (isr === undefined) return false;
    const joinOffset = await own.proposeIsr(partition.partitionId, partition, isr);
    if (joinOffset === undefined) return false;
    const { leaderEpoch, partitionEpoch } = partition;
    const waiting = { isr, leaderEpoch, partitionEpoch, joinOffset, since: clock.monotonic() };
    this.#waiting.set(partition.partitionId, waiting);
    return this.#goOn({ ...partition, pendingIsr: isr }, waiting);
  }

  /** Sends the proposal once everybody who joins has reached its offset; takes it back when that takes too long. */
  async #goOn(partition: LedPartition, { isr, joinOffset, since }: Waiting): Promise<boolean> {
    const { own, authority, clock, replicaLagTimeMaxMs } = this.#options;
    const who = isr.filter((broker) => !partition.isr.includes(broker));
    // Of whom nothing is known (any more, after a crash of the server), it is not known that he is where he must be.
    const joining = partition.followers.filter(
      ({ brokerId, logEndOffset }) => who.includes(brokerId) && logEndOffset >= joinOffset,
    );
    if (joining.length < who.length) {
      if (clock.monotonic() - since <= replicaLagTimeMaxMs) return false;
      this.#waiting.delete(partition.partitionId);
      await own.withdrawIsr(partition.partitionId, partition, isr);
      return false;
    }
    const change = { ...partition, isr, joining: new Map(joining.map((each) => [each.brokerId, each.brokerEpoch])) };
    this.#waiting.delete(partition.partitionId);
    return (await authority.changeIsr(change)) || this.#settle(partition);
  }

  /** The proposal can come true no more after this, if it has not already. */
  async #settle(partition: LedPartition): Promise<boolean> {
    await this.#options.authority.changeIsr({ ...partition, joining: new Map() });
    return true;
  }
}

function isSameReign(waiting: Waiting, { leaderEpoch, partitionEpoch }: LedPartition): boolean {
  return waiting.leaderEpoch === leaderEpoch && waiting.partitionEpoch === partitionEpoch;
}
