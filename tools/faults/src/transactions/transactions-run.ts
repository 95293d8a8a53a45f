import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, NonRetriableError, type Postlog } from '@postlog/core';
import type { Undo } from '@postlog/core/testing';
import { now, readEvents, type CrashEvent, type TransactionEvent } from './events.js';
import { TOPIC_OF, type MoneySample, type TransactionsHistory } from './history.js';
import { Nemesis } from './nemesis.js';
import { outcomeOf, type TransactionsOutcome } from './outcome.js';
import { planFaults } from './plan.js';
import { TransactionsProbe } from './probe.store.js';
import { readDeadLetters, readLog } from './read-log.js';
import { plantInDatabase } from './transactions-plants.js';
import { pause } from './worker-context.js';
import { Worker } from './worker.js';
import type { TransactionsWorld } from './world.js';

export interface TransactionsOptions {
  /** Its servers are killed and started again. */
  readonly world: TransactionsWorld;
  readonly seed: number;
  readonly lengthMs: number;
  readonly processes: number;
  readonly sessionTimeoutMs: number;
  readonly plant: string | undefined;
  readonly keep: boolean;
  readonly say: (text: string) => void;
  readonly onStop: (undo: Undo) => void;
}

export type TransactionsRunOutcome = TransactionsOutcome & {
  /** Where everything that was written down is, if it is kept. */
  readonly folder: string | undefined;
};

const TOPICS = ['orders', 'transfers', 'source', 'copies', 'jobs'];
const FAILING = ['triers', 'parkers'] as const;
const PARTITIONS = 4;
const ACCOUNTS = 20;
const OPENING = 1_000_000;
const SAMPLE_EVERY_MS = 250;
const START_MS = 60_000;
/** Until everything is handled, so long may nothing be. */
const STANDSTILL_MS = 60_000;

/** Workers that publish and handle in transactions of one database, under random faults of theirs and of the database. */
export class TransactionsRun {
  readonly #options: TransactionsOptions;
  readonly #postlog: Postlog;
  readonly #probe: TransactionsProbe;
  readonly #folder: string;
  readonly #nemesis: Nemesis;
  readonly #workers: Worker[] = [];
  readonly #samples: MoneySample[] = [];
  readonly #crashes: CrashEvent[] = [];
  #isPublishing = true;
  #isSampling = true;
  #isKept = false;
  #names = 0;

  private constructor(options: TransactionsOptions, postlog: Postlog, folder: string) {
    const { world, say, onStop } = options;
    const { url } = world;
    this.#options = options;
    this.#postlog = postlog;
    this.#folder = folder;
    this.#probe = new TransactionsProbe(url);
    const probe = new TransactionsProbe(url); // Its own, which ends the other's sessions too.
    onStop(async () => void (await Promise.all([this.#probe.close(), probe.close()])));
    onStop(async () => {
      if (!this.#isKept) await rm(folder, { recursive: true, force: true });
    });
    this.#nemesis = new Nemesis({
      crash: (kind) => world.crash(kind),
      probe,
      say,
      workers: () => this.#workers,
      startWorker: () => this.#startWorker(),
    });
    world.onEnded((proc, lastLines) => this.#crashed(proc, lastLines));
  }

  static async run(options: TransactionsOptions): Promise<TransactionsRunOutcome> {
    const { connection, topicSettings } = options.world;
    const postlog = await connect({ ...connection, logger: null, services: false });
    options.onStop(() => postlog.close());
    const run = new TransactionsRun(options, postlog, await mkdtemp(join(tmpdir(), 'postlog-transactions-')));
    const topics = run.#topics.map((topic) => ({ topic, numPartitions: PARTITIONS, ...topicSettings }));
    await postlog.admin().createTopics({ topics });
    return run.#run();
  }

  async #run(): Promise<TransactionsRunOutcome> {
    const { world, processes, lengthMs, seed, sessionTimeoutMs, plant, say, onStop } = this.#options;
    await this.#probe.install(await world.places(this.#topics), ACCOUNTS, OPENING);
    if (plant !== undefined) await plantInDatabase(plant, this.#probe);
    onStop(async () => void (await Promise.all(this.#workers.map((worker) => worker.kill()))));
    for (let place = 0; place < processes; place++) this.#startWorker();
    await Promise.all(this.#workers.map(({ attached }) => attached));
    await this.#until('every group handles records', START_MS, () => this.#isUnderWay());
    const sampling = this.#sample();
    say(`${processes} processes; ${lengthMs / 1_000} s of faults, seed ${seed}`);

    const faultsFrom = now();
    let lateMs = 0;
    for (const fault of planFaults({ seed, lengthMs, sessionTimeoutMs, isCluster: world.isCluster })) {
      if (fault.atMs + lateMs > lengthMs) break;
      await pause(faultsFrom + fault.atMs + lateMs - now());
      // On a busy machine a server is away for longer than was planned, and meanwhile a fault would meet nothing.
      lateMs += await this.#nemesis.untilServed();
      this.#nemesis.begin(fault);
    }
    await pause(faultsFrom + lengthMs - now());

    say('healing: everything goes on, nothing more is published');
    await this.#nemesis.heal();
    this.#isPublishing = false;
    await Promise.all(this.#workers.map((worker) => worker.stopPublishing()));
    const drained = () => this.#isDrained();
    await this.#until('everything is in the log and handled', STANDSTILL_MS, drained, () => this.#progress());
    this.#isSampling = false;
    await sampling;
    await Promise.all(this.#workers.filter(({ hasEnded }) => !hasEnded).map((worker) => worker.end()));
    return this.#judge();
  }

  #startWorker(): void {
    const { world, seed, sessionTimeoutMs, plant } = this.#options;
    const number = this.#names++;
    const name = `p${number}`;
    const worker = new Worker({
      url: world.url,
      connection: world.connection,
      parksKeys: this.#parksKeys,
      name,
      file: join(this.#folder, `${name}.jsonl`),
      seed: seed + number,
      sessionTimeoutMs,
      accounts: ACCOUNTS,
      partitions: PARTITIONS,
      isPublishing: this.#isPublishing,
      plant,
    });
    this.#workers.push(worker);
    void worker.ended.then((how) => {
      if (!worker.isAskedToEnd) this.#crashed(name, how);
    });
  }

  async #sample(): Promise<void> {
    while (this.#isSampling) {
      await this.#probe.sample(now()).then(
        (sample) => this.#samples.push(sample),
        () => {}, // The database is gone just now.
      );
      await pause(SAMPLE_EVERY_MS);
    }
  }

  async #isUnderWay(): Promise<boolean> {
    const claimed = [...(await this.#probe.claimed())];
    return (
      claimed.length === Object.keys(TOPIC_OF).length * PARTITIONS &&
      Object.keys(TOPIC_OF).every((group) => claimed.some(([claim, next]) => claim.startsWith(group) && next > 0))
    );
  }

  async #isDrained(): Promise<boolean> {
    if ((await this.#probe.unsequenced()) > 0) return false;
    const claimed = await this.#probe.claimed();
    for (const [group, topic] of Object.entries(TOPIC_OF)) {
      for (const { partition, high } of await this.#postlog.admin().fetchTopicOffsets(topic)) {
        if ((claimed.get(`${group} ${partition}`) ?? 0) < Number(high)) return false;
      }
    }
    return this.#areJobsSettled();
  }

  /** Nothing is parked any more but what fails for ever, and what waits behind it. */
  async #areJobsSettled(): Promise<boolean> {
    if (!this.#parksKeys) return true;
    const admin = this.#postlog.admin();
    const [stored] = await admin.fetchOffsets({ groupId: 'parkers', topics: ['jobs'] });
    const committed = new Map(stored?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    for (const { partition, high } of await admin.fetchTopicOffsets('jobs'))
      if (Math.max(0, committed.get(partition) ?? 0) < Number(high)) return false;
    const keys = new Set<string>();
    return (await this.#parked.list()).every(({ key, errorName }) => {
      const isFirst = !keys.has(key.toString());
      keys.add(key.toString());
      return !isFirst || errorName === NonRetriableError.name;
    });
  }

  /** In a cluster that of the dead letters, too: the application's database is told beforehand which partition is which. */
  get #topics(): readonly string[] {
    const { topic } = this.#postlog.deadLetters({ topic: 'jobs', groupId: 'triers' });
    return this.#options.world.isCluster ? [...TOPICS, topic] : TOPICS;
  }

  get #parksKeys(): boolean {
    return !this.#options.world.isCluster;
  }

  async #parkedPlaces(): Promise<{ partition: number; offset: number }[]> {
    return (await this.#parked.list()).map(({ partition, offset }) => ({ partition, offset: Number(offset) }));
  }

  get #parked() {
    return this.#postlog.parkedKeys({ topic: 'jobs', groupId: 'parkers' });
  }

  async #judge(): Promise<TransactionsRunOutcome> {
    const { world, seed, plant, keep, sessionTimeoutMs } = this.#options;
    const probe = this.#probe;
    const logs = await Promise.all(TOPICS.map(async (topic) => [topic, await readLog(this.#postlog, topic)] as const));
    const deadLetters = await Promise.all(
      FAILING.map(async (group) => [group, await readDeadLetters(this.#postlog, 'jobs', group)] as const),
    );
    const events = [...(await this.#workerEvents()), ...this.#nemesis.faults, ...this.#crashes];
    const history: TransactionsHistory = {
      events,
      samples: this.#samples,
      final: {
        published: await probe.published(),
        logs: Object.fromEntries(logs),
        effects: await probe.effects(),
        audit: await probe.audit(),
        letters: await probe.letters(),
        deadLetters: Object.fromEntries(deadLetters),
        parked: this.#parksKeys ? await this.#parkedPlaces() : undefined,
        balances: (await probe.sample(now())).balances,
        openingBalances: ACCOUNTS * OPENING,
      },
      sessionTimeoutMs,
    };
    const outcome = outcomeOf(history);
    const cluster = world.isCluster ? { cluster: true } : {};
    const summary = { seed, ...cluster, ...(plant === undefined ? {} : { plant }), ...outcome.summary };
    if (outcome.verdict === 'clean' && !keep) return { ...outcome, summary, folder: undefined };
    this.#isKept = true;
    await writeFile(join(this.#folder, 'history.jsonl'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    await writeFile(join(this.#folder, 'final.json'), JSON.stringify({ ...history, events: undefined }));
    await writeFile(join(this.#folder, 'outcome.json'), JSON.stringify({ ...outcome, summary }, null, 2));
    return { ...outcome, summary, folder: this.#folder };
  }

  async #workerEvents(): Promise<TransactionEvent[]> {
    const files = (await readdir(this.#folder)).filter((name) => name.endsWith('.jsonl'));
    const texts = await Promise.all(files.map((name) => readFile(join(this.#folder, name), 'utf8')));
    return texts.flatMap(readEvents).sort((one, other) => timeOf(one) - timeOf(other));
  }

  /** How many records all groups are past. */
  async #progress(): Promise<number> {
    return [...(await this.#probe.claimed()).values()].reduce((sum, next) => sum + next, 0);
  }

  /** What never comes true in time is a finding, not a reason to stop. The time begins anew as long as there is progress. */
  async #until(
    what: string,
    deadlineMs: number,
    isSo: () => Promise<boolean>,
    progress: () => Promise<number> = () => Promise.resolve(0),
  ): Promise<void> {
    let [furthest, deadline] = [0, now() + deadlineMs];
    for (; now() < deadline; await pause(200)) {
      if (await isSo().catch(() => false)) return;
      const reached = await progress().catch(() => 0);
      if (reached > furthest) [furthest, deadline] = [reached, now() + deadlineMs];
    }
    this.#crashed('all', `it did not come to this, and nothing went on for ${deadlineMs / 1_000} s: ${what}`);
  }

  #crashed(proc: string, detail: string): void {
    this.#options.say(`${proc}: ${detail}`);
    this.#crashes.push({ f: 'crash', proc, detail });
  }
}

function timeOf(event: TransactionEvent): number {
  return event.f === 'crash' ? Infinity : event.at;
}
