import type { BrokerId } from '../cluster/cluster-image.js';
import { PACE, SimulatedBroker } from './simulation-broker.js';
import { SimulatedProcess } from './simulation-process.js';
import type { SimulationWorld } from './simulation-world.js';

/** What may go wrong. */
export type Fault =
  | 'crash'
  | 'crash of a database'
  | 'cut between two'
  | 'cut off process'
  | 'cut off database'
  | 'freeze'
  | 'client in the dark'
  | 'stop of the metadata'
  | 'stop in order';

const USUAL: readonly Fault[] = [
  'crash',
  'crash',
  'crash of a database',
  'cut between two',
  'cut between two',
  'cut off process',
  'cut off database',
  'freeze',
  'freeze',
  'client in the dark',
  'stop of the metadata',
  'stop in order',
];

/** Runs brokers' processes, and everything that goes wrong with them, with databases and with the network. */
export class SimulatedFaults {
  readonly #world: SimulationWorld;
  readonly #running = new Map<BrokerId, SimulatedBroker>();
  /** Of each broker, how many processes it had. */
  readonly #begun = new Map<BrokerId, number>();
  readonly #frozen = new Set<SimulatedProcess>();
  readonly #mostRestMs: number;
  readonly #likely: readonly Fault[];
  readonly clients: SimulatedProcess[] = [];
  count = 0;
  #isOver = false;

  /** Of `likely`, each as likely as it is named often. */
  constructor(world: SimulationWorld, likely: readonly Fault[] = USUAL) {
    this.#world = world;
    this.#likely = likely;
    this.#mostRestMs = world.random.one([500, 1_000, 2_500]);
  }

  /** Begins a process of a broker, whether or not another one runs still. */
  begin(brokerId: BrokerId): void {
    const { random, time } = this.#world;
    const begun = (this.#begun.get(brokerId) ?? 0) + 1;
    this.#begun.set(brokerId, begun);
    const skew = { offsetMs: random.between(0, 1e6), rate: random.between(0.98, 1.02) };
    const process = new SimulatedProcess(`broker ${brokerId}.${begun}`, time, skew);
    this.#world.trace(process.name, 'begins');
    this.#running.set(brokerId, new SimulatedBroker(this.#world, brokerId, process));
  }

  /** A process ends by itself; another takes its place, unless one has already. */
  ended(broker: SimulatedBroker, why: string): void {
    this.#world.trace(broker.process.name, `ends: ${why}`);
    broker.process.kill();
    this.#beginAgain(broker);
  }

  /** A process dies where it stands. */
  crash(process: SimulatedProcess): void {
    const broker = [...this.#running.values()].find((each) => each.process === process);
    if (broker === undefined || !process.isAlive) return;
    this.count += 1;
    this.#world.trace(process.name, 'dies');
    process.kill();
    this.#beginAgain(broker);
  }

  /** Things go wrong from now on, one after the other and several at a time. */
  run(): void {
    if (this.#isOver) return;
    const { random, time } = this.#world;
    this.count += 1;
    this.#faults[random.one(this.#likely)]();
    time.after(random.between(50, this.#mostRestMs), () => this.run());
  }

  /** Nothing goes wrong any more, and everybody is back. */
  end(): void {
    const { network, metadata, brokerIds } = this.#world;
    this.#isOver = true;
    network.heal();
    metadata.isUp = true;
    for (const process of this.#frozen) process.goOn();
    for (const brokerId of brokerIds) this.#world.database(brokerId).start();
  }

  readonly #faults: Readonly<Record<Fault, () => void>> = {
    crash: () => this.crash(this.#anyProcess()),
    'crash of a database': () => this.#crashDatabase(),
    'cut between two': () => this.#cutBetween(),
    'cut off process': () => this.#isolate(this.#anyProcess().name),
    'cut off database': () => this.#isolate(this.#world.database(this.#anyBroker()).name),
    freeze: () => this.#freeze(),
    'client in the dark': () => this.#keepInTheDark(),
    'stop of the metadata': () => this.#stopMetadata(),
    'stop in order': () => this.#stopInOrder(),
  };

  #beginAgain(broker: SimulatedBroker): void {
    if (this.#running.get(broker.brokerId) !== broker) return;
    const { random, time } = this.#world;
    time.after(random.isTrue(0.5) ? random.between(10, 300) : random.between(300, 3_000), () => {
      if (this.#running.get(broker.brokerId) === broker) this.begin(broker.brokerId);
    });
  }

  #crashDatabase(): void {
    const { random, time } = this.#world;
    const database = this.#world.database(this.#anyBroker());
    if (!database.isUp) return;
    this.#world.trace(database.name, 'crashes');
    database.crash();
    time.after(this.#howLong(), () => database.start());
    if (random.isTrue(0.3)) this.crash(this.#running.get(database.brokerId)!.process);
  }

  /** Between one process and one server: one way, or both. */
  #cutBetween(): void {
    const { random, metadata } = this.#world;
    const process = this.#anyProcess().name;
    const server = random.isTrue(0.3) ? metadata.name : this.#world.database(this.#anyBroker()).name;
    const ways: readonly (readonly [from: string, to: string])[] = [
      [process, server],
      [server, process],
    ];
    const which = random.whole(0, 2);
    this.#cut(which === 2 ? ways : [ways[which]!]);
  }

  /** A client hears no news of who leads. */
  #keepInTheDark(): void {
    const { random, metadata } = this.#world;
    if (this.clients.length > 0) this.#cut([[random.one(this.clients).name, metadata.name]]);
  }

  #isolate(name: string): void {
    this.#cut([
      [name, '*'],
      ['*', name],
    ]);
  }

  #cut(ways: readonly (readonly [from: string, to: string])[]): void {
    const { network, time } = this.#world;
    this.#world.trace('network', `is cut: ${ways.map(([from, to]) => `${from} to ${to}`).join(', ')}`);
    const mends = ways.map(([from, to]) => network.cut(from, to));
    time.after(this.#howLong(), () => {
      this.#world.trace('network', `is mended: ${ways.map(([from, to]) => `${from} to ${to}`).join(', ')}`);
      for (const mend of mends) mend();
    });
  }

  /** Sometimes for longer than its session, and sometimes somebody begins another process meanwhile. */
  #freeze(): void {
    const { random, time } = this.#world;
    const process = this.#anyProcess();
    const brokerId = [...this.#running.keys()].find((id) => this.#running.get(id)!.process === process)!;
    this.#world.trace(process.name, 'freezes');
    process.freeze();
    this.#frozen.add(process);
    const forMs = random.between(50, 1.6 * PACE.session);
    if (random.isTrue(0.3)) time.after(random.between(0, forMs), () => this.begin(brokerId));
    time.after(forMs, () => {
      this.#world.trace(process.name, 'goes on');
      process.goOn();
    });
  }

  #stopMetadata(): void {
    const { metadata, time } = this.#world;
    this.#world.trace(metadata.name, 'stops');
    metadata.isUp = false;
    time.after(this.#howLong(), () => void (metadata.isUp = true));
  }

  #stopInOrder(): void {
    const broker = this.#running.get(this.#anyBroker())!;
    this.#world.trace(broker.process.name, 'stops in order');
    void broker.stop();
  }

  #howLong(): number {
    const { random } = this.#world;
    return random.isTrue(0.6) ? random.between(50, 1_000) : random.between(1_000, 2 * PACE.session);
  }

  #anyBroker(): BrokerId {
    return this.#world.random.one(this.#world.brokerIds);
  }

  #anyProcess(): SimulatedProcess {
    return this.#running.get(this.#anyBroker())!.process;
  }
}
