import type { ClusterImage, PartitionState } from '../cluster/cluster-image.js';
import { readImage } from '../cluster/cluster-metadata.js';
import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { MetadataStore } from '../metadata/metadata-store.js';
import { offset } from '../record/offset.js';
import { acksOutcome } from '../replication/acks-outcome.js';
import { writtenBatch, type WrittenBatch } from './simulation-batches.js';
import type { SimulatedDatabase } from './simulation-database.js';
import type { SimulationHistory } from './simulation-history.js';
import type { SimulatedProcess } from './simulation-process.js';
import type { SimulatedPartition, SimulationWorld } from './simulation-world.js';

interface Place {
  readonly database: SimulatedDatabase;
  readonly leaderEpoch: number;
}

/** What clients have in common: who leads, as the metadata store says, and the way there. */
class Client {
  protected readonly world: SimulationWorld;
  protected readonly process: SimulatedProcess;
  protected readonly partition: SimulatedPartition;
  readonly #store: MetadataStore;
  /** How often it looks at the metadata after an error: the longer it holds on to a leader of long ago, the more it would notice. */
  readonly #attention: number;
  #image: ClusterImage | undefined;

  constructor(world: SimulationWorld, process: SimulatedProcess, partition: SimulatedPartition) {
    this.world = world;
    this.process = process;
    this.partition = partition;
    this.#store = world.metadata.storeFor(process);
    this.#attention = world.random.one([1, 1, 0.1]);
  }

  protected async leader(): Promise<Place | undefined> {
    this.#image ??= await readImage(this.#store);
    const state = stateOf(this.#image, this.partition);
    if (state?.leader == null) return undefined;
    return { database: this.world.database(state.leader), leaderEpoch: state.leaderEpoch };
  }

  /** Looks at the metadata again before the next request, as a rule. */
  protected async lookAgain(): Promise<void> {
    const { random } = this.world;
    await this.process.clock.sleep(random.between(20, 200));
    if (!random.isTrue(this.#attention)) return;
    const image = await readImage(this.#store).catch(() => undefined);
    if (image !== undefined && image.revision >= (this.#image?.revision ?? 0n)) this.#image = image;
  }

  protected async ask<T>(database: SimulatedDatabase, what: string, effect: () => Promise<T>): Promise<T> {
    return this.world.network.call(this.process, database, what, () => database.effect(effect));
  }

  protected codeOf(error: unknown): ErrorCode {
    if (error instanceof PostlogError) return error.code;
    this.world.violate(`${this.process.name} met ${String(error)}`);
    return 'UNKNOWN_SERVER_ERROR';
  }
}

export interface ProducerOptions {
  readonly name: string;
  readonly producerId: bigint;
  readonly acks: 1 | 'all';
  readonly history: SimulationHistory;
  readonly restMs: () => number;
}

/** How long a producer waits for all in-sync replicas before it sends again. */
const WAIT_MS = 1_500;

/** An idempotent producer: one batch after the other, each sent until it is acknowledged. */
export class SimulatedProducer extends Client {
  readonly #options: ProducerOptions;
  #epoch = 0;
  #nextSequence = 0;
  #written = 0;
  #isBusy = false;
  #isStopping = false;

  constructor(
    world: SimulationWorld,
    process: SimulatedProcess,
    partition: SimulatedPartition,
    options: ProducerOptions,
  ) {
    super(world, process, partition);
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#isStopping && !this.#isBusy;
  }

  /** Finishes what it has begun. */
  stop(): void {
    this.#isStopping = true;
  }

  async run(): Promise<void> {
    while (!this.#isStopping) {
      await this.write();
      await this.process.clock.sleep(this.#options.restMs());
    }
  }

  /** Writes one batch, for sure when it waits for all in-sync replicas. */
  async write(): Promise<void> {
    const { history, acks, name } = this.#options;
    this.#isBusy = true;
    const label = `${name}-${this.#written++}`;
    const recordCount = this.world.random.whole(1, 3);
    for (;;) {
      const batch = await this.#batch(label, recordCount);
      const stored = await this.#send(batch).catch((error: unknown) => this.codeOf(error));
      if (typeof stored === 'object') {
        this.#nextSequence += recordCount;
        const { partitionId } = this.partition;
        this.world.trace(name, `heard that ${label} is stored at ${stored.baseOffset}`);
        history.acknowledged.push({ partitionId, label, baseOffset: stored.baseOffset, acks });
        this.#isBusy = false;
        return;
      }
      if (stored === 'OUT_OF_ORDER_SEQUENCE_NUMBER' && acks === 1) {
        // What the leader alone had acknowledged is lost with it. As in production this batch is given up: an earlier sending may be stored somewhere.
        this.#epoch += 1;
        this.#nextSequence = 0;
        this.#isBusy = false;
        return;
      }
      if (FATAL.has(stored)) this.world.violate(`${name} heard ${stored} of ${label}.`);
      await this.lookAgain();
    }
  }

  #batch(label: string, recordCount: number): Promise<WrittenBatch> {
    const { producerId } = this.#options;
    return writtenBatch(label, {
      producerId,
      producerEpoch: this.#epoch,
      baseSequence: this.#nextSequence,
      recordCount,
    });
  }

  async #send(batch: WrittenBatch): Promise<{ readonly baseOffset: bigint } | ErrorCode> {
    const { acks } = this.#options;
    const leader = await this.leader();
    if (leader === undefined) return 'LEADER_NOT_AVAILABLE';
    const { database, leaderEpoch } = leader;
    const { partitionId } = this.partition;
    const answer = await this.ask(database, `append of ${batch.label}`, async () => {
      const before = database.replicas.replicaOf(partitionId)?.local;
      const stored = await database.replicas.append(partitionId, leaderEpoch, batch, { acks });
      if (!('error' in stored)) {
        this.world.served(database, partitionId);
        database.notify(this.world.network, partitionId);
      }
      return {
        stored,
        epoch: before?.leaderEpoch ?? -1,
        isRepeat: 'error' in stored || stored.baseOffset < before!.logEndOffset,
      };
    });
    const { stored, epoch, isRepeat } = answer;
    if ('error' in stored) return stored.error;
    const { mistakes } = this.world;
    const isEnough =
      acks === 1 ||
      mistakes.has('acks before the high watermark') ||
      (isRepeat && mistakes.has('a repeat is answered before the high watermark'));
    return isEnough ? stored : ((await this.#untilReplicated(database, epoch, stored.lastOffset + 1n)) ?? stored);
  }

  /** As `broker/watermark-waits.ts`: looks until it is known what became of the records, or until time is up. */
  async #untilReplicated(database: SimulatedDatabase, epoch: number, end: bigint): Promise<ErrorCode | undefined> {
    const { clock } = this.process;
    const { partitionId } = this.partition;
    const deadline = clock.monotonic() + WAIT_MS;
    while (clock.monotonic() < deadline) {
      await clock.sleep(this.world.random.between(5, 150));
      const local = await this.ask(
        database,
        'log ends',
        async () => database.replicas.replicaOf(partitionId)?.local,
      ).catch(() => null);
      if (local === null) continue;
      const outcome = acksOutcome({
        requiredOffset: offset(end),
        highWatermark: local?.highWatermark ?? offset(0),
        isrSize: local?.isr.length ?? 0,
        minIsr: local?.minIsr ?? 1,
        appendedEpoch: epoch,
        leaderEpoch: local?.leader === database.brokerId ? local.leaderEpoch : null,
      });
      if (outcome !== 'wait') return outcome === 'stored' ? undefined : outcome;
    }
    return 'REQUEST_TIMED_OUT';
  }
}

/** Reads from the beginning, then on, then from the beginning again, below high watermarks of leaders only. */
export class SimulatedReader extends Client {
  readonly #history: SimulationHistory;

  constructor(
    world: SimulationWorld,
    process: SimulatedProcess,
    partition: SimulatedPartition,
    history: SimulationHistory,
  ) {
    super(world, process, partition);
    this.#history = history;
  }

  async run(): Promise<void> {
    let position = offset(0);
    for (;;) {
      if (this.world.random.isTrue(0.05)) position = offset(0);
      const answer = await this.#read(position).catch((error: unknown) => ({ error: this.codeOf(error) }));
      if ('error' in answer) {
        if (answer.error === 'OFFSET_OUT_OF_RANGE')
          this.world.violate(`${this.process.name} was at ${position} and heard that its leader has no such offset.`);
        await this.lookAgain();
        continue;
      }
      for (const batch of answer.batches) {
        this.#history.show(this.partition.partitionId, batch);
        position = offset(batch.lastOffset + 1n);
      }
      await this.process.clock.sleep(this.world.random.between(100, 400));
    }
  }

  async #read(position: ReturnType<typeof offset>) {
    const leader = await this.leader();
    if (leader === undefined) return { error: 'LEADER_NOT_AVAILABLE' as const };
    const { database, leaderEpoch } = leader;
    return this.ask(database, `read from ${position}`, async () => {
      const answer = await database.replicas.read(this.partition.partitionId, leaderEpoch, position);
      if (!('error' in answer)) this.world.served(database, this.partition.partitionId);
      return answer;
    });
  }
}

/** What no producer that waits for its answers should ever hear. */
const FATAL: ReadonlySet<ErrorCode> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
]);

function stateOf({ topics }: ClusterImage, { partition }: SimulatedPartition): PartitionState | undefined {
  return [...topics.values()][0]?.partitions[partition];
}
