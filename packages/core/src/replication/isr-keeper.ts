/**
 * Keeps the in-sync replicas of the partitions that a broker leads: takes out who is late, takes in who has caught up (rules B9 to B12).
 *
 * A change goes three steps: it is noted in the leader's database, where it counts from then on; it is sent to the metadata store as a
 * compare-and-set, those of one topic in one commit, so that no partition waits for fifty others; and what became of it comes back with
 * the next role. A proposal whose process died is settled by raising the partition epoch: after that, a compare-and-set that is still
 * on its way can only fail.
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
  /**
   * Changes of partitions of one topic; answers of each whether it was made: not when an epoch has moved on or somebody who joins may not. Throws when the
   * outcome is unknown.
   */
  changeIsr(changes: readonly IsrChange[]): Promise<readonly boolean[]>;
}

export interface IsrKeeperOptions {
  readonly own: Pick<ReplicaStore, 'listLed' | 'proposeIsr' | 'withdrawIsr'>;
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

/** What is to be sent for a partition. */
interface Decision {
  readonly partition: LedPartition;
  readonly change: IsrChange;
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
    for (const partitions of byTopic(led)) await this.#keep(partitions);
    return this.#waiting.size > 0;
  }

  /** Partitions of one topic. */
  async #keep(partitions: readonly LedPartition[]): Promise<void> {
    const { authority, onDecided, onError } = this.#options;
    const decisions: Decision[] = [];
    for (const partition of partitions) {
      try {
        const change = await this.#look(partition);
        if (change !== undefined) decisions.push({ partition, change });
      } catch (error) {
        this.#waiting.delete(partition.partitionId);
        onError(error);
      }
    }
    if (decisions.length === 0) return;
    try {
      const isMade = await authority.changeIsr(decisions.map(({ change }) => change));
      const refused = decisions.filter(
        ({ partition, change }, place) => !isMade[place] && change.isr !== partition.isr,
      );
      if (refused.length > 0) await authority.changeIsr(refused.map(({ partition }) => settlementOf(partition)));
      onDecided();
    } catch (error) {
      // Whether it was decided is not known: the next look finds the proposals still noted, and settles them.
      onError(error);
    }
  }

  /** What is to be sent for this partition now, if anything. */
  async #look(partition: LedPartition): Promise<IsrChange | undefined> {
    const waiting = this.#waiting.get(partition.partitionId);
    if (partition.pendingIsr === null) {
      this.#waiting.delete(partition.partitionId);
      return this.#propose(partition);
    }
    if (waiting === undefined || !isSameReign(waiting, partition)) return settlementOf(partition);
    return this.#goOn(partition, waiting);
  }

  async #propose(partition: LedPartition): Promise<IsrChange | undefined> {
    const { own, authority, replicaLagTimeMaxMs, clock } = this.#options;
    const isr = proposeIsr(partition, authority.brokers(), replicaLagTimeMaxMs);
    if (isr === undefined) return undefined;
    const joinOffset = await own.proposeIsr(partition.partitionId, partition, isr);
    if (joinOffset === undefined) return undefined;
    const { leaderEpoch, partitionEpoch } = partition;
    const waiting = { isr, leaderEpoch, partitionEpoch, joinOffset, since: clock.monotonic() };
    this.#waiting.set(partition.partitionId, waiting);
    return this.#goOn({ ...partition, pendingIsr: isr }, waiting);
  }

  /** The proposal is sent once everybody who joins has reached its offset, and taken back when that takes too long. */
  async #goOn(partition: LedPartition, { isr, joinOffset, since }: Waiting): Promise<IsrChange | undefined> {
    const { own, clock, replicaLagTimeMaxMs } = this.#options;
    const who = isr.filter((broker) => !partition.isr.includes(broker));
    // Of whom nothing is known (any more, after a crash of the server), it is not known that he is where he must be.
    const joining = partition.followers.filter(
      ({ brokerId, logEndOffset }) => who.includes(brokerId) && logEndOffset >= joinOffset,
    );
    if (joining.length < who.length) {
      if (clock.monotonic() - since <= replicaLagTimeMaxMs) return undefined;
      this.#waiting.delete(partition.partitionId);
      await own.withdrawIsr(partition.partitionId, partition, isr);
      return undefined;
    }
    this.#waiting.delete(partition.partitionId);
    return { ...partition, isr, joining: new Map(joining.map((each) => [each.brokerId, each.brokerEpoch])) };
  }
}

/** The ISR as it is, under the next partition epoch: a proposal under this one can come true no more, if it has not already. */
function settlementOf(partition: LedPartition): IsrChange {
  return { ...partition, joining: new Map() };
}

function byTopic(led: readonly LedPartition[]): LedPartition[][] {
  const topics = new Map<string, LedPartition[]>();
  for (const partition of led) {
    const known = topics.get(partition.topicId);
    if (known === undefined) topics.set(partition.topicId, [partition]);
    else known.push(partition);
  }
  return [...topics.values()];
}

function isSameReign(waiting: Waiting, { leaderEpoch, partitionEpoch }: LedPartition): boolean {
  return waiting.leaderEpoch === leaderEpoch && waiting.partitionEpoch === partitionEpoch;
}
