/**
 * A cluster of production's loops in one thread, on databases, a metadata store, a network and clocks that a seed rules: the same seed, the same run.
 *
 * First things go wrong, then all is put right, then everything that was promised is looked at; invariants are looked at
 * after every effect.
 */
import type { BrokerId } from '../cluster/cluster-image.js';
import { readImage } from '../cluster/cluster-metadata.js';
import { createTopic } from '../cluster/topic-metadata.js';
import { PACE, type SimulatedBroker } from './simulation-broker.js';
import { SimulatedProducer, SimulatedReader } from './simulation-clients.js';
import { SimulatedDatabase } from './simulation-database.js';
import { checkTheEnd, unrest } from './simulation-end.js';
import { SimulatedFaults, type Fault } from './simulation-faults.js';
import { SimulationHistory } from './simulation-history.js';
import { SimulationInvariants } from './simulation-invariants.js';
import { SimulatedMetadata } from './simulation-metadata.js';
import type { Mistake } from './simulation-mistakes.js';
import { SimulatedNetwork, type Weather } from './simulation-network.js';
import { SimulatedProcess, skewedClock } from './simulation-process.js';
import { SeededRandom } from './simulation-random.js';
import { VirtualTime } from './simulation-time.js';
import { SimulationTrace } from './simulation-trace.js';
import type { SimulatedPartition, SimulationWorld } from './simulation-world.js';

export interface SimulationOptions {
  readonly mistakes?: readonly Mistake[];
  /** Violations that are no news here, by how they begin. */
  readonly tolerated?: readonly string[];
  /** What goes wrong, each as likely as it is named often; everything unless told. */
  readonly faults?: readonly Fault[];
  /** What the network is like, where it is not left to the seed. */
  readonly weather?: Partial<Weather>;
  /** How long things go wrong, where it is not left to the seed; in milliseconds. */
  readonly faultsForMs?: number;
}

export interface SimulationReport {
  readonly seed: number;
  /** The first. */
  readonly violation: string | undefined;
  /** What happened last. */
  readonly trace: readonly string[];
  readonly events: number;
  readonly faults: number;
  readonly acknowledged: number;
  /** Acknowledged by a leader alone, and lost with it. */
  readonly lost: number;
  /** Equal for equal runs. */
  readonly fingerprint: string;
}

const FAULTS_FOR_MS = [2_000, 2_000, 2_000, 3_000, 3_000, 3_000, 6_000, 6_000, 20_000];
const QUIET_WITHIN_MS = 40_000;
const LOOK_EVERY_MS = 200;

/** Lives through one seed, to the end or to the first violation. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationReport> {
  const simulation = new Simulation(seed, options);
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // Thousands of losses are errors here, and nobody looks at their stacks.
  const lost = await simulation.run().finally(() => (Error.stackTraceLimit = stackTraceLimit));
  const { violation, trace, time, faults, history, random } = simulation;
  return {
    seed,
    violation,
    trace: trace.lines,
    events: time.events,
    faults: faults.count,
    acknowledged: history.acknowledged.length,
    lost,
    fingerprint: `${time.events} events, then ${random.next()}`,
  };
}

class Simulation {
  readonly random: SeededRandom;
  readonly time = new VirtualTime();
  readonly trace = new SimulationTrace(() => this.time.now);
  readonly history = new SimulationHistory((what) => this.#violate(what));
  readonly faults: SimulatedFaults;
  violation: string | undefined;
  readonly #tolerated: readonly string[];
  readonly #knownWeather: Partial<Weather>;
  readonly #faultsForMs: number | undefined;
  readonly #databases: ReadonlyMap<BrokerId, SimulatedDatabase>;
  readonly #world: SimulationWorld;
  readonly #producers: SimulatedProducer[] = [];
  #invariants: SimulationInvariants | undefined;
  readonly #partitions: SimulatedPartition[] = [];

  constructor(seed: number, { mistakes = [], tolerated = [], faults, weather = {}, faultsForMs }: SimulationOptions) {
    const { time, trace } = this;
    const random = new SeededRandom(seed);
    this.random = random;
    this.#tolerated = tolerated;
    this.#knownWeather = weather;
    this.#faultsForMs = faultsForMs;
    const brokerIds = [1, 2, 3, 4, 5].slice(0, random.one([3, 3, 3, 3, 4, 5]));
    const known = new Set(mistakes);
    const onCrash = (process: SimulatedProcess) => this.faults.crash(process);
    const network = new SimulatedNetwork({ time, random, trace: (who, what) => trace.add(who, what), onCrash });
    const onCommit = async (metadata: SimulatedMetadata) => this.#invariants?.lookAtMetadata(metadata);
    this.#databases = new Map(
      brokerIds.map((brokerId) => {
        const onEffect = (database: SimulatedDatabase) => this.#invariants?.lookAt(database);
        const clock = this.#serverClock();
        return [
          brokerId,
          new SimulatedDatabase({ brokerId, clock, replicaLagTimeMaxMs: PACE.lag, mistakes: known, onEffect }),
        ];
      }),
    );
    this.#world = {
      time,
      random,
      network,
      metadata: new SimulatedMetadata({ clock: this.#serverClock(), network, mistakes: known, onCommit }),
      brokerIds,
      partitions: this.#partitions,
      preferredElectionEveryMs: random.one([1_500, 5_000, Infinity]),
      mistakes: known,
      database: (brokerId) => this.#databases.get(brokerId)!,
      trace: (who, what) => trace.add(who, what),
      violate: (what) => this.#violate(what),
      served: (database, partitionId) => this.#invariants?.lookAtService(database, partitionId),
      ended: (broker: SimulatedBroker, why) => this.faults.ended(broker, why),
    };
    this.faults = new SimulatedFaults(this.#world, faults);
  }

  /** Answers how many records were lost that were acknowledged by a leader alone. */
  async run(): Promise<number> {
    const { network, brokerIds } = this.#world;
    for (const brokerId of brokerIds) this.faults.begin(brokerId);
    if (!(await this.#until(async () => (await this.#active()) === brokerIds.length))) return this.#stuck('no start');
    await this.#createTopic();
    this.#beginClients();
    network.weather = this.#weather();
    this.faults.run();
    await this.#go(this.#faultsForMs ?? this.random.one(FAULTS_FOR_MS));
    this.faults.end();
    for (const producer of this.#producers) producer.stop();
    const isDone = async () =>
      this.#producers.every(({ isIdle }) => isIdle) && (await unrest(this.#world)) === undefined;
    if (!(await this.#until(isDone))) return this.#stuck('no rest');
    for (const producer of this.#producers) void producer.write();
    if (!(await this.#until(isDone))) return this.#stuck('no write');
    return this.violation === undefined ? checkTheEnd(this.#world, this.history) : 0;
  }

  async #until(isSo: () => Promise<boolean>): Promise<boolean> {
    const end = this.time.now + QUIET_WITHIN_MS;
    while (this.time.now < end && this.violation === undefined) {
      await this.#go(LOOK_EVERY_MS);
      if (await isSo()) return true;
    }
    return this.violation !== undefined;
  }

  #go(ms: number): Promise<void> {
    return this.time.runUntil(this.time.now + ms, () => this.violation !== undefined);
  }

  async #stuck(what: string): Promise<number> {
    this.#violate(
      `Liveness: ${what}: ${await unrest(this.#world)}, ${this.#producers.filter((each) => !each.isIdle).length} producers wait.`,
    );
    return 0;
  }

  async #active(): Promise<number> {
    const { brokers } = await readImage(this.#world.metadata.store);
    return [...brokers.values()].filter(({ state }) => state === 'active').length;
  }

  /** One topic, with replicas on some of the brokers, all in sync. */
  async #createTopic(): Promise<void> {
    const { random } = this;
    const { brokerIds, metadata } = this.#world;
    const replicationFactor = random.one([2, 3, 3, 3]);
    const partitions = Array.from({ length: random.one([1, 1, 2]) }, (_, partition) => {
      const replicas = [...brokerIds];
      while (replicas.length > replicationFactor) replicas.splice(random.whole(0, replicas.length - 1), 1);
      const first = random.whole(0, replicationFactor - 1);
      const inOrder = [...replicas.slice(first), ...replicas.slice(0, first)];
      const inSync = { replicas: inOrder, isr: inOrder, leader: inOrder[0]!, leaderEpoch: 0, partitionEpoch: 0 };
      return { partition, ...inSync, elr: [], addingReplicas: [], removingReplicas: [], isRecovering: false };
    });
    const config = { 'min.insync.replicas': String(random.whole(1, 2)) };
    const topic = await createTopic(
      metadata.store,
      { topic: 'orders', config, replicationFactor, partitions },
      { random },
    );
    this.#partitions.push(...topic.partitions);
    this.#invariants = new SimulationInvariants(this.#world);
    await this.#invariants.lookAtMetadata(metadata);
    this.trace.add('topic', `${JSON.stringify(config)} ${JSON.stringify(partitions.map(({ replicas }) => replicas))}`);
  }

  #beginClients(): void {
    const { random, history } = this;
    for (const partition of this.#partitions) {
      for (const acks of ['all', 'all', 1] as const) {
        const producerId = this.#producers.length + 1;
        const name = `producer ${producerId} (${acks})`;
        const producer = new SimulatedProducer(this.#world, this.#process(name), partition, {
          name,
          producerId: BigInt(producerId),
          acks,
          history,
          restMs: () => random.between(20, 400),
        });
        this.#producers.push(producer);
        void producer.run();
      }
      void new SimulatedReader(
        this.#world,
        this.#process(`reader of ${partition.partition}`),
        partition,
        history,
      ).run();
    }
  }

  #process(name: string): SimulatedProcess {
    const process = new SimulatedProcess(name, this.time, { offsetMs: 0, rate: 1 });
    this.faults.clients.push(process);
    return process;
  }

  #serverClock() {
    const { random, time } = this;
    return skewedClock(time, { offsetMs: random.between(0, 1e6), rate: random.between(0.98, 1.02) });
  }

  #weather(): Weather {
    const { random } = this;
    return {
      leastDelayMs: 0.5,
      mostDelayMs: random.one([3, 10, 60]),
      lossChance: random.one([0, 0.005, 0.03]),
      lateChance: random.one([0, 0.01, 0.05, 0.1]),
      crashChance: random.one([0, 0.000_3, 0.002]),
      ...this.#knownWeather,
    };
  }

  #violate(what: string): void {
    if (this.violation !== undefined || this.#tolerated.some((beginning) => what.startsWith(beginning))) return;
    this.violation = what;
    this.trace.add('simulation', what);
  }
}
