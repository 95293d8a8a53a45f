import type { BrokerId, PartitionState } from '../cluster/cluster-image.js';
import { readTopic, TOPICS } from '../cluster/stored-state.js';
import { appendEpoch } from '../replication/leader-epochs.js';
import type { EpochStart, ReplicatedBatch } from '../replication/replica-store.js';
import type { MemoryReplica } from './memory-replica.js';
import { labelOf } from './simulation-batches.js';
import type { SimulatedDatabase } from './simulation-database.js';
import type { SimulatedMetadata } from './simulation-metadata.js';
import type { SimulationWorld } from './simulation-world.js';

/** A replica as it was at the last look. */
interface Seen {
  readonly leaderEpoch: number;
  readonly isLeader: boolean;
  readonly mark: bigint;
  readonly starts: number;
  readonly batches: readonly ReplicatedBatch[];
}

/** Of one partition, over all of its life. */
interface Known {
  state: PartitionState | undefined;
  /** The longest log below a high watermark that there ever was. */
  exposed: readonly ReplicatedBatch[];
  /** By epoch and offset: what stands there, and what before it (R6). */
  readonly stored: Map<string, { readonly batch: ReplicatedBatch; readonly before: ReplicatedBatch | undefined }>;
  readonly leaders: Map<number, BrokerId>;
  /** Who was deposed when its session was over, and the first epoch under which it may lead again. */
  readonly deposed: Map<BrokerId, number>;
  readonly seen: Map<BrokerId, Seen>;
}

/** The invariants of replication that hold at every moment, looked at after each effect on a database or the metadata. */
export class SimulationInvariants {
  readonly #world: SimulationWorld;
  readonly #known: ReadonlyMap<number, Known>;

  constructor(world: SimulationWorld) {
    this.#world = world;
    this.#known = new Map(
      world.partitions.map(({ partitionId }) => [
        partitionId,
        { state: undefined, exposed: [], stored: new Map(), leaders: new Map(), deposed: new Map(), seen: new Map() },
      ]),
    );
  }

  /** The metadata store took a change. */
  async lookAtMetadata({ store }: SimulatedMetadata): Promise<void> {
    const { entries } = await store.list(TOPICS);
    for (const state of entries.flatMap((entry) => readTopic(entry).partitions)) {
      const known = this.#known.get(state.partitionId)!;
      const before = known.state;
      if (before?.partitionEpoch === state.partitionEpoch) continue;
      const old = before?.leader ?? null;
      if (old !== null && state.leaderEpoch > before!.leaderEpoch && !this.#world.metadata.hasSession(old))
        known.deposed.set(old, state.leaderEpoch);
      known.state = state;
      const { leader, isr, elr, leaderEpoch, partitionEpoch } = state;
      this.#world.trace(
        'metadata',
        `leader ${leader}, epoch ${leaderEpoch}/${partitionEpoch}, isr ${isr.join()}, elr ${elr.join()}`,
      );
      this.#expect(leader === null || isr.includes(leader), 'R1 LeaderInIsr');
      this.#expect(
        before === undefined || (leaderEpoch >= before.leaderEpoch && partitionEpoch > before.partitionEpoch),
        'R3 MonotonicEpoch: in the metadata store',
      );
      if (leader !== null) this.#expectOneLeader(known, leaderEpoch, leader);
      for (const member of [...isr, ...elr]) this.#expectExposedOn(known, member, 0);
    }
  }

  /** A database may have changed. */
  lookAt(database: SimulatedDatabase): void {
    for (const [partitionId, known] of this.#known) {
      const replica = database.replicas.replicaOf(partitionId);
      if (replica !== undefined) this.#lookAtReplica(known, replica, database);
    }
  }

  /** A client was served: who does has a session, and was not deposed when one was over; so nothing is stale for longer than that. */
  lookAtService({ brokerId, replicas }: SimulatedDatabase, partitionId: number): void {
    const epoch = replicas.replicaOf(partitionId)?.leaderEpoch ?? -1;
    this.#expect(
      this.#world.metadata.hasSession(brokerId),
      `Session: broker ${brokerId} served although its own was over`,
    );
    const first = this.#known.get(partitionId)!.deposed.get(brokerId) ?? 0;
    this.#expect(
      epoch >= first,
      `Session: broker ${brokerId} served under epoch ${epoch}, deposed before epoch ${first}`,
    );
  }

  #lookAtReplica(known: Known, replica: MemoryReplica, { brokerId, starts }: SimulatedDatabase): void {
    const { isLeader, batches, leaderEpoch, highWatermark: mark } = replica;
    const before = known.seen.get(brokerId);
    const isAsBefore =
      before?.batches === batches &&
      before.mark === mark &&
      before.leaderEpoch === leaderEpoch &&
      before.starts === starts;
    if (isAsBefore && before.isLeader === isLeader) return;
    known.seen.set(brokerId, { leaderEpoch, isLeader, mark, starts, batches });
    this.#expect(before === undefined || leaderEpoch >= before.leaderEpoch, 'R3 MonotonicEpoch');
    this.#expect(mark <= replica.logEndOffset, 'R11 DenseOffsets: the mark is beyond the log');
    if (before?.batches !== batches) this.#lookAtLog(known, replica, brokerId, before?.batches ?? []);
    if (!isLeader) return;
    const isNew = before === undefined || !before.isLeader || before.leaderEpoch !== leaderEpoch;
    if (isNew) {
      this.#expectOneLeader(known, leaderEpoch, brokerId);
      this.#expect(isSameEpochs(replica), `R8 EpochStart: on broker ${brokerId}`);
    }
    if (isNew || mark !== before.mark) {
      this.#expect(
        isNew || starts !== before.starts || mark >= before.mark,
        `R4 MonotonicHW: the mark of broker ${brokerId} went back in one leadership`,
      );
      this.#expose(known, replica, isNew ? 0n : before.mark);
    }
  }

  /** What is new in a log stands where its epoch put it everywhere (R6), without a hole (R11); what is gone was not needed. */
  #lookAtLog(known: Known, { batches }: MemoryReplica, brokerId: BrokerId, old: readonly ReplicatedBatch[]): void {
    const hasGrown = batches.length >= old.length && batches[old.length - 1] === old.at(-1);
    for (let at = hasGrown ? old.length : 0; at < batches.length; at += 1) {
      const [batch, before] = [batches[at]!, batches[at - 1]];
      this.#expect(batch.baseOffset === (before === undefined ? 0n : before.lastOffset + 1n), 'R11 DenseOffsets');
      const key = `${batch.leaderEpoch}/${batch.baseOffset}`;
      const found = known.stored.get(key);
      if (found === undefined) known.stored.set(key, { batch, before });
      else if (found.batch !== batch || found.before !== before) {
        this.#expect(
          isSame(found.batch, batch) && isSame(found.before, before),
          `R6 LogMatching: at ${key} broker ${brokerId} has ${labelOf(batch.bytes)}, another ${labelOf(found.batch.bytes)}`,
        );
      }
    }
    if (!hasGrown && isEligible(known.state, brokerId)) this.#expectExposedOn(known, brokerId, 0);
  }

  /** What lies below a leader's mark from now on. */
  #expose(known: Known, { batches, local }: MemoryReplica, from: bigint): void {
    const { exposed } = known;
    const below = batches.filter(({ lastOffset }) => lastOffset < local.highWatermark);
    for (const [at, batch] of below.entries()) {
      if (batch.baseOffset < from || exposed[at] === undefined) continue;
      this.#expect(
        isSame(exposed[at], batch),
        `R4 MonotonicHW: at ${batch.baseOffset} ${labelOf(exposed[at].bytes)} was exposed, now ${labelOf(batch.bytes)}`,
      );
    }
    const { isr, pendingIsr, leader } = local;
    for (const member of new Set([...isr, ...(pendingIsr ?? [])])) {
      const end = this.#logEnd(member, local.partitionId);
      this.#expect(
        end >= local.highWatermark,
        `R7 ValidHighWatermark: of broker ${leader}, ${member} is at ${end} only`,
      );
    }
    if (below.length <= exposed.length) return;
    known.exposed = below;
    for (const member of [...(known.state?.isr ?? []), ...(known.state?.elr ?? [])])
      this.#expectExposedOn(known, member, exposed.length);
  }

  /** R5: whoever may lead has every record that anybody may have seen. */
  #expectExposedOn({ exposed, state }: Known, brokerId: BrokerId, from: number): void {
    if (exposed.length <= from) return;
    const batches = this.#world.database(brokerId).replicas.logOf(state!.partitionId);
    for (let at = from; at < exposed.length; at += 1) {
      if (batches[at] === exposed[at] || isSame(batches[at], exposed[at])) continue;
      this.#world.violate(`R5 StrongIsr: broker ${brokerId} may lead and lacks ${labelOf(exposed[at]!.bytes)}.`);
      return;
    }
  }

  #expectOneLeader({ leaders }: Known, epoch: number, leader: BrokerId): void {
    const known = leaders.get(epoch) ?? leader;
    leaders.set(epoch, known);
    this.#expect(known === leader, `R2 SingleLeader: ${known} and ${leader} at epoch ${epoch}`);
  }

  #logEnd(brokerId: BrokerId, partitionId: number): bigint {
    return this.#world.database(brokerId).replicas.replicaOf(partitionId)?.logEndOffset ?? 0n;
  }

  #expect(holds: boolean, what: string): void {
    if (!holds) this.#world.violate(`${what}.`);
  }
}

export function isSame(one: ReplicatedBatch | undefined, other: ReplicatedBatch | undefined): boolean {
  return (
    one === other ||
    (one?.bytes === other?.bytes && one?.baseOffset === other?.baseOffset && one?.leaderEpoch === other?.leaderEpoch)
  );
}

/** R8: the list of epochs says what the records say; behind the last of them there may be an epoch without any. */
export function isSameEpochs({ batches, epochs, local, isLeader }: MemoryReplica): boolean {
  const told = batches.reduce<readonly EpochStart[]>(
    (list, { leaderEpoch, baseOffset }) => appendEpoch(list, leaderEpoch, baseOffset),
    [],
  );
  const rest = epochs.slice(told.length);
  return (
    told.every(
      ({ epoch, startOffset }, at) => epochs[at]?.epoch === epoch && epochs[at]?.startOffset === startOffset,
    ) &&
    rest.length <= 1 &&
    rest.every(({ startOffset }) => startOffset === local.logEndOffset) &&
    (!isLeader || epochs.at(-1)?.epoch === local.leaderEpoch)
  );
}

function isEligible(state: PartitionState | undefined, brokerId: BrokerId): boolean {
  return state !== undefined && (state.isr.includes(brokerId) || state.elr.includes(brokerId));
}
