import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, silentLogger } from '@postlog/core';
import type { Undo } from '@postlog/core/testing';
import type { ClientChild } from './client-child.js';
import { CLUSTER_PLANTS, type Plant } from './cluster-plants.js';
import { ClusterProbe } from './cluster-probe.js';
import { EventLog } from './event-log.js';
import { mergeEvents, now, toLines } from './events.js';
import { historyOf } from './history.js';
import { openMetadataProbe } from './metadata-probe.store.js';
import { Nemesis } from './nemesis.js';
import { outcomeOf, type Outcome } from './outcome.js';
import { planFaults, type PlannedFault } from './plan.js';
import { SCRIPTS, type Cast, type Script } from './scripts.js';
import {
  CLIENTS,
  DELIVERY_TIMEOUT_MS,
  eventsFile,
  FINAL_READER,
  startClients,
  startFinalReader,
  TOPIC,
} from './workload.js';
import { openWorld, type World } from './world.js';

export interface ClusterRunOptions {
  readonly seed: number;
  readonly lengthMs: number;
  readonly metadata: 'postgres' | 'etcd';
  /** Faults at fixed times instead of random ones. */
  readonly script: string | undefined;
  readonly plant: string | undefined;
  /** Keep what everybody wrote down also when the run was clean. */
  readonly keep: boolean;
  readonly say: (text: string) => void;
  readonly onStop: (undo: Undo) => void;
}

export interface ClusterOutcome extends Outcome {
  /** Where the history is, when it was kept. */
  readonly folder: string | undefined;
}

const PARTITIONS = 4;
const SESSION_MS = 3_000;
const LAG_MS = 3_000;
/** From a fault to the first new acknowledgement: the session, and two seconds for the rest; as much again for a machine that runs all of it. */
const FAILOVER_SLACK_MS = 4_000;
const CALM_MS = 2_000;
const HEAL_DEADLINE_MS = 60_000;

/** A cluster under faults, from its start to the verdict. */
export class ClusterRun {
  readonly #options: ClusterRunOptions;
  readonly #script: Script | undefined;
  readonly #plant: Plant | undefined;
  readonly #world: World;
  readonly #probe: ClusterProbe;
  readonly #log: EventLog;
  readonly #nemesis: Nemesis;

  private constructor(options: ClusterRunOptions, world: World, probe: ClusterProbe) {
    this.#options = options;
    this.#script = scriptOf(options);
    this.#plant = options.plant === undefined ? undefined : CLUSTER_PLANTS[options.plant];
    this.#world = world;
    this.#probe = probe;
    this.#log = new EventLog(eventsFile(world.folder, 'nemesis'));
    this.#nemesis = new Nemesis({
      ...world,
      clients: CLIENTS,
      log: this.#log,
      say: options.say,
      metadata: () => probe.newest,
      restoreCopy: (brokerId) => this.#restore(brokerId),
    });
  }

  static async run(options: ClusterRunOptions): Promise<ClusterOutcome> {
    const script = scriptOf(options);
    const session = script?.sessionTimeoutMs ?? SESSION_MS;
    let onBrokerEnded = (_brokerId: number, _lastLines: string) => {};
    const world = await openWorld({
      ...options,
      onBrokerEnded: (brokerId, lastLines) => onBrokerEnded(brokerId, lastLines),
      settings: {
        sessionTimeout: session,
        heartbeatInterval: Math.floor(session / 6),
        replicaLagTimeMaxMs: script?.replicaLagTimeMaxMs ?? LAG_MS,
        connectionTimeout: 3_000,
        requestTimeout: 3_000,
      },
      clients: [...CLIENTS, FINAL_READER],
    });
    await createTopic(world, script === undefined ? PARTITIONS : 1);
    const { brokers, metadata } = world.cluster.settings;
    const probe = new ClusterProbe(await openMetadataProbe(metadata, TOPIC), brokers);
    options.onStop(() => probe.stop());
    const run = new ClusterRun(options, world, probe);
    onBrokerEnded = (brokerId, lastLines) => run.#crashed(`broker ${brokerId}`, lastLines);
    return run.#run();
  }

  async #run(): Promise<ClusterOutcome> {
    const { seed, say, onStop } = this.#options;
    await this.#until('every replica is in sync', () => this.#isWhole);
    for (const id of this.#world.machines.keys()) await this.#plant?.plant(this.#probe.database(id));
    const copied = this.#script?.copied?.(this.#cast);
    if (copied !== undefined) await this.#world.copyData(copied);
    await this.#until('every replica is in sync', () => this.#isWhole);
    const clients = startClients(this.#workload);
    onStop(async () => void (await Promise.all(clients.map((client) => client.kill()))));
    for (const client of clients) this.#watch(client);
    await Promise.all(clients.map((client) => client.untilAttached()));
    await pause(CALM_MS);

    const faults = this.#faults;
    const lengthMs = this.#script?.lengthMs ?? this.#options.lengthMs;
    say(`${lengthMs / 1_000} s of faults, seed ${seed}`);
    const faultsFrom = now() / 1e6;
    for (const fault of faults) {
      await pause(faultsFrom + fault.atMs - now() / 1e6);
      this.#nemesis.begin(fault);
    }
    await pause(faultsFrom + lengthMs - now() / 1e6);
    say('healing: everything is started, nothing more is sent');
    return this.#judge(await this.#finish(clients));
  }

  /** Heals, waits for what is under way, and reads everything from the beginning. */
  async #finish(clients: readonly ClientChild[]): Promise<Set<string>> {
    const { onStop } = this.#options;
    await this.#nemesis.heal();
    await Promise.all(clients.map((client) => client.drain()));
    await this.#until('every replica is in sync', () => this.#isWhole);
    const reader = startFinalReader(this.#workload);
    onStop(() => reader.kill());
    this.#watch(reader);
    await reader.untilAttached();
    let read = new Set<string>();
    await this.#until('everything is read', async () => {
      read = await this.#readToTheEnd();
      return read.size === this.#partitions.length;
    });
    await Promise.all([reader, ...clients].map((client) => client.end()));
    return read;
  }

  async #judge(readToTheEnd: ReadonlySet<string>): Promise<ClusterOutcome> {
    const { folder } = this.#world;
    const logs = await this.#probe.readLogs();
    await this.#probe.stop();
    const events = mergeEvents(await this.#eventTexts());
    const { samples } = this.#probe;
    const sessionMs = this.#script?.sessionTimeoutMs ?? SESSION_MS;
    const bounds = {
      deliveryTimeoutMs: DELIVERY_TIMEOUT_MS,
      failoverMs: sessionMs + FAILOVER_SLACK_MS,
      sessionMs,
    };
    const outcome = outcomeOf({ history: historyOf(events), samples, logs, bounds, readToTheEnd });
    const { seed, script, plant, metadata, keep } = this.#options;
    const summary = {
      seed,
      ...(script === undefined ? {} : { script }),
      ...(plant === undefined ? {} : { plant }),
      metadata,
      ...outcome.summary,
    };
    if (outcome.verdict === 'clean' && !keep) return { ...outcome, summary, folder: undefined };
    this.#world.keep();
    await writeFile(join(folder, 'history.jsonl'), toLines(events));
    await writeFile(join(folder, 'samples.jsonl'), samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''));
    await writeFile(join(folder, 'logs.json'), JSON.stringify(logs));
    await writeFile(join(folder, 'outcome.json'), JSON.stringify({ ...outcome, summary }, null, 2));
    await this.#keepBrokerLogs();
    return { ...outcome, summary, folder };
  }

  get #faults(): readonly PlannedFault[] {
    const { seed, lengthMs } = this.#options;
    return this.#script === undefined ? planFaults({ seed, lengthMs }) : this.#script.faults(this.#cast);
  }

  get #workload() {
    const { cluster, edges, folder } = this.#world;
    const waysOf = (client: string) => {
      const { brokers, metadata } = cluster.settings;
      const ways = brokers.map(({ id, url }) => ({ id, url: edges.route(client, id, url) }));
      return 'url' in metadata
        ? { brokers: ways, metadata: { url: edges.route(client, 'metadata', metadata.url) } }
        : { brokers: ways, metadata: { etcd: metadata.etcd.map((url) => edges.route(client, 'metadata', url)) } };
    };
    return { partitions: this.#partitions.length, folder, waysOf };
  }

  get #partitions() {
    return this.#probe.newest?.partitions ?? [];
  }

  get #isWhole(): boolean {
    return (
      this.#partitions.length > 0 &&
      this.#partitions.every(({ leader, isr, replicas }) => leader !== null && isr.length === replicas.length)
    );
  }

  get #cast(): Cast {
    const { leader, replicas } = this.#partitions[0]!;
    const [first, second] = replicas.filter((id) => id !== leader);
    return { leader: leader!, followers: [first!, second!] };
  }

  async #restore(brokerId: number): Promise<void> {
    await this.#world.restoreData(brokerId);
    if (this.#plant?.forge === undefined) return;
    await this.#world.cluster.startBroker(brokerId, ['postgres']);
    await this.#plant.forge(this.#probe.database(brokerId));
  }

  /** Partitions of which the last reader has reached what the leader shows as committed. */
  async #readToTheEnd(): Promise<Set<string>> {
    const text = await readFile(eventsFile(this.#world.folder, FINAL_READER), 'utf8').catch(() => '');
    const next = new Map<string, number>();
    for (const { key, records } of historyOf(mergeEvents([text])).polls) next.set(key, (records.at(-1)?.[0] ?? -1) + 1);
    const nodes = this.#probe.samples.at(-1)?.nodes ?? [];
    return new Set(
      this.#partitions
        .filter(({ key, partitionId, leader }) => {
          const replicas = nodes.find(({ brokerId }) => brokerId === leader)?.replicas ?? [];
          const replica = replicas.find((each) => each.partitionId === partitionId && each.mayLead);
          return (
            replica !== undefined && replica.highWatermark === replica.logEnd && (next.get(key) ?? 0) >= replica.logEnd
          );
        })
        .map(({ key }) => key),
    );
  }

  /** What never comes true in time is a finding, not a reason to stop. */
  async #until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (const deadline = performance.now() + HEAL_DEADLINE_MS; performance.now() < deadline; await pause(200)) {
      if (await isSo()) return;
    }
    this.#crashed('the cluster', `it did not come to this in ${HEAL_DEADLINE_MS / 1_000} s: ${what}`);
  }

  #watch(client: ClientChild): void {
    void client.ended.then((how) => {
      if (!client.isAskedToEnd) this.#crashed(client.name, how);
    });
  }

  #crashed(proc: string, value: string): void {
    this.#options.say(`${proc}: ${value}`);
    this.#log.say({ f: 'crash', type: 'info', proc, value });
  }

  async #eventTexts(): Promise<string[]> {
    const folder = join(this.#world.folder, 'events');
    return Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
  }

  async #keepBrokerLogs(): Promise<void> {
    const { folder, cluster } = this.#world;
    const logs = join(cluster.dir, 'logs');
    for (const name of await readdir(logs)) await writeFile(join(folder, name), await readFile(join(logs, name)));
  }
}

function scriptOf({ script, plant }: ClusterRunOptions): Script | undefined {
  const name = script ?? (plant === undefined ? undefined : CLUSTER_PLANTS[plant]?.script);
  return name === undefined ? undefined : SCRIPTS[name];
}

async function createTopic({ cluster }: World, partitions: number): Promise<void> {
  const { brokers, metadata } = cluster.settings;
  const postlog = await connect({ brokers, metadata, logger: silentLogger });
  const configEntries = [{ name: 'min.insync.replicas', value: '2' }];
  await postlog.admin().createTopics({
    topics: [{ topic: TOPIC, numPartitions: partitions, replicationFactor: cluster.brokerIds.length, configEntries }],
  });
  await postlog.close();
}

function pause(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, Math.max(0, ms)));
}
