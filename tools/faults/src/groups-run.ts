import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Postlog } from '@postlog/core';
import type { Undo } from '@postlog/core/testing';
import { Audit } from './audit.store.js';
import { checkGroups } from './checker/check.js';
import { reignsOf } from './checker/reigns.js';
import { readHandled, type Anomaly, type Fault, type FaultKind, type GroupHistory, type Handled } from './history.js';
import { Member, type MemberOptions } from './member.js';
import { plantInDatabase } from './plants.js';
import { planFaults, type PlannedFault } from './schedule.js';
import { Sender } from './sender.js';

export interface GroupsOptions {
  readonly url: string;
  readonly seed: number;
  readonly lengthMs: number;
  readonly processes: number;
  readonly partitions: number;
  /** Records a second. */
  readonly rate: number;
  readonly sessionTimeout: number;
  readonly handlerMs: number;
  readonly plant: string | undefined;
  readonly say: (text: string) => void;
  readonly onStop: (undo: Undo) => void;
}

export interface GroupsOutcome {
  /** `inconclusive`: nothing was injected, or nothing went on meanwhile; that proves nothing. */
  readonly verdict: 'clean' | 'anomalies' | 'inconclusive';
  readonly summary: Readonly<Record<string, unknown>>;
  readonly anomalies: readonly Anomaly[];
}

const TOPIC = 'faults';
const GROUP = 'survivors';
const MODES: readonly MemberOptions['mode'][] = ['each', 'keyed', 'batch', 'manual'];
const HEAL_MS = 60_000;

/** Members of one group in processes that are killed, stopped, told to leave and to join, while records are sent. */
export class GroupsRun {
  readonly #options: GroupsOptions;
  readonly #postlog: Postlog;
  readonly #audit: Audit;
  readonly #folder: string;
  readonly #members: Member[] = [];
  readonly #faults: Fault[] = [];
  readonly #pending = new Set<Promise<void>>();
  #names = 0;
  #partitions: number;

  private constructor(options: GroupsOptions, postlog: Postlog, audit: Audit, folder: string) {
    this.#options = options;
    this.#postlog = postlog;
    this.#audit = audit;
    this.#folder = folder;
    this.#partitions = options.partitions;
  }

  static async run(options: GroupsOptions): Promise<GroupsOutcome> {
    const postlog = await connect({ url: options.url, logger: null });
    options.onStop(() => postlog.close());
    await postlog.admin().createTopics({ topics: [{ topic: TOPIC, numPartitions: options.partitions }] });
    const audit = await Audit.install(options.url);
    options.onStop(() => audit.close());
    if (options.plant !== undefined) await plantInDatabase(options.plant, audit);
    const folder = await mkdtemp(join(tmpdir(), 'postlog-faults-'));
    options.onStop(() => rm(folder, { recursive: true, force: true }));
    return new GroupsRun(options, postlog, audit, folder).#run();
  }

  async #run(): Promise<GroupsOutcome> {
    const { processes, rate, lengthMs, seed, sessionTimeout, say } = this.#options;
    this.#options.onStop(async () => void (await Promise.all(this.#members.map((member) => member.end('SIGKILL')))));
    for (let place = 0; place < processes; place++) this.#start();
    const sender = new Sender(this.#postlog, TOPIC, rate);
    await this.#untilOwned();
    say(`${processes} members own ${this.#partitions} partitions; ${lengthMs / 1_000} s of faults, seed ${seed}`);

    const faultsFrom = Date.now();
    for (const fault of planFaults({ seed, lengthMs, sessionTimeoutMs: sessionTimeout, mostGrowths: 6 })) {
      await pause(faultsFrom + fault.atMs - Date.now());
      this.#inject(fault);
    }
    await pause(faultsFrom + lengthMs - Date.now());
    const faultsTo = Date.now();

    say('healing: everything goes on, nothing more is sent');
    await Promise.all(this.#pending);
    await sender.stop();
    await this.#untilDrained();
    const ends = await this.#audit.ends(GROUP);
    await Promise.all(this.#members.map((member) => member.end('SIGTERM')));
    const history: GroupHistory = {
      sent: sender.sent,
      handled: await this.#handled(),
      audit: await this.#audit.entries(GROUP),
      faults: this.#faults,
      ends,
      keyedProcesses: new Set(
        this.#members.filter(({ options }) => options.mode === 'keyed').map(({ options }) => options.name),
      ),
      faultsFrom,
      faultsTo,
    };
    return outcomeOf(history, this.#options);
  }

  #start(): Member {
    const { url, sessionTimeout, handlerMs, plant, seed } = this.#options;
    const number = this.#names++;
    const name = `p${number}`;
    const member = new Member({
      url,
      topic: TOPIC,
      groupId: GROUP,
      name,
      mode: MODES[number % MODES.length]!,
      sessionTimeout,
      handlerMs,
      file: join(this.#folder, `${name}.jsonl`),
      seed: seed + number,
      plant,
    });
    this.#members.push(member);
    return member;
  }

  #inject({ kind, target, lastsMs }: PlannedFault): void {
    const able = this.#members.filter((member) => !member.hasEnded && !member.isStopped);
    const victim = able[Math.floor(target * able.length)];
    const { processes } = this.#options;
    if (kind === 'join' && able.length >= processes * 2) return;
    if (kind !== 'join' && kind !== 'grow' && (victim === undefined || able.length < 3)) return;
    this.#note(kind, victim?.options.name ?? '');
    const done = this.#carryOut(kind, victim, lastsMs).finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }

  async #carryOut(kind: FaultKind, victim: Member | undefined, lastsMs: number): Promise<void> {
    if (kind === 'join') {
      this.#start();
    } else if (kind === 'grow') {
      this.#partitions += 1;
      await this.#postlog.admin().createPartitions({ topicPartitions: [{ topic: TOPIC, count: this.#partitions }] });
    } else if (kind === 'stop') {
      victim!.pause();
      await pause(lastsMs);
      victim!.goOn();
    } else {
      await victim!.end(kind === 'kill' ? 'SIGKILL' : 'SIGTERM');
      await pause(lastsMs);
      const alive = this.#members.filter((member) => !member.hasEnded);
      if (alive.length < this.#options.processes) this.#start();
    }
  }

  #note(kind: FaultKind, process: string): void {
    this.#faults.push({ at: Date.now(), kind, process });
    const alive = this.#members.filter((member) => !member.hasEnded).length;
    this.#options.say(`${kind} ${kind === 'join' || kind === 'grow' ? '' : process} (${alive} members)`);
  }

  async #untilOwned(): Promise<void> {
    for (;;) {
      const ends = await this.#audit.ends(GROUP);
      if (ends.length === this.#partitions && ends.every(({ hasOwner }) => hasOwner)) return;
      await pause(50);
    }
  }

  /** Waits until all is handled and committed; what is not by the deadline, the checker reports. */
  async #untilDrained(): Promise<void> {
    for (const deadline = Date.now() + HEAL_MS; Date.now() < deadline; await pause(200)) {
      const ends = await this.#audit.ends(GROUP);
      const isDrained = ends.every(({ committed, logEnd, hasOwner }) => hasOwner && committed === logEnd);
      if (isDrained && ends.length === this.#partitions) return;
    }
    this.#options.say('not everything was handled in time');
  }

  async #handled(): Promise<Handled[]> {
    const files = (await readdir(this.#folder)).filter((name) => name.endsWith('.jsonl'));
    const texts = await Promise.all(files.map((name) => readFile(join(this.#folder, name), 'utf8')));
    return texts.flatMap((text, place) => readHandled(files[place]!.slice(0, -'.jsonl'.length), text));
  }
}

function outcomeOf(history: GroupHistory, { seed, plant }: GroupsOptions): GroupsOutcome {
  const { handled, faults, sent, faultsFrom, faultsTo, audit } = history;
  const anomalies = checkGroups(history);
  const codes: Record<string, number> = {};
  for (const { code } of anomalies) codes[code] = (codes[code] ?? 0) + 1;
  const injected: Record<string, number> = {};
  for (const { kind } of faults) injected[kind] = (injected[kind] ?? 0) + 1;
  const finished = handled.filter(({ endedAt }) => endedAt !== undefined);
  const meanwhile = finished.filter(({ endedAt }) => endedAt! > faultsFrom && endedAt! < faultsTo).length;
  const places = new Set(finished.map(({ partition, offset }) => `${partition}:${offset}`));
  const isConclusive = faults.length > 0 && meanwhile > 0 && sent.length > 0;
  return {
    verdict: anomalies.length > 0 ? 'anomalies' : isConclusive ? 'clean' : 'inconclusive',
    anomalies,
    summary: {
      seed,
      ...(plant === undefined ? {} : { plant }),
      sent: sent.length,
      handled: finished.length,
      repeats: finished.length - places.size,
      handledDuringFaults: meanwhile,
      ownerChanges: reignsOf(audit).length,
      faults: injected,
      anomalies: codes,
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, Math.max(0, ms)));
}
