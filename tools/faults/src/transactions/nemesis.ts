import { now, type FaultEvent } from './events.js';
import { isOfAServer, type PlannedFault } from './plan.js';
import type { TransactionsProbe } from './probe.store.js';
import type { Worker } from './worker.js';
import { pause } from './worker-context.js';

const MOST_TERMINATED = 12;
const HANDLING_DEADLINE_MS = 3_000;
const TAKE_OVER_DEADLINE_MS = 10_000;
const BEGINNING_MS = 300;
/** Until everybody has found a server that is back. */
const COME_BACK_MS = 3_000;

export interface NemesisOptions {
  readonly crash: (kind: FaultEvent['kind']) => Promise<() => Promise<void>>;
  readonly probe: TransactionsProbe;
  readonly workers: () => readonly Worker[];
  readonly startWorker: () => void;
  readonly say: (text: string) => void;
}

/** Injects faults into the workers and their database, and notes when each began and ended. */
export class Nemesis {
  readonly faults: FaultEvent[] = [];
  readonly #options: NemesisOptions;
  readonly #pending = new Set<Promise<void>>();
  #isServerDown = false;
  #served: Promise<void> = Promise.resolve();

  constructor(options: NemesisOptions) {
    this.#options = options;
  }

  begin(fault: PlannedFault): void {
    const done = this.#inject(fault).finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }

  /** Resolves when a server that was taken down has been back for a while, to how long that took, in milliseconds. */
  async untilServed(): Promise<number> {
    const from = now();
    await this.#served;
    return now() - from;
  }

  /** Resolves when every fault is over. */
  async heal(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async #inject({ kind, target, lastsMs }: PlannedFault): Promise<void> {
    if (isOfAServer(kind)) {
      const crashed = this.#crashServer(kind, lastsMs);
      this.#served = crashed.then(() => pause(COME_BACK_MS));
      return crashed;
    }
    if (kind === 'terminate-backends') {
      if (this.#isServerDown) return;
      const count = 1 + Math.floor(target * MOST_TERMINATED);
      this.#options.say(`terminate-backends ${count}`);
      const noted = this.#note(kind, '');
      // The server may go meanwhile.
      await this.#options.probe.terminate(String(target), count).catch(() => {});
      return noted();
    }
    const able = this.#options.workers().filter((worker) => !worker.hasEnded && !worker.isStopped);
    const victim = able[Math.floor(target * able.length)];
    if (victim === undefined || able.length < 3) return;
    return kind === 'stall-app' ? this.#stall(victim, lastsMs) : this.#kill(victim, lastsMs);
  }

  /** In the middle of a handler's transaction, if there is one soon. */
  async #stall(victim: Worker, lastsMs: number): Promise<void> {
    await victim.untilHandling(HANDLING_DEADLINE_MS);
    if (victim.hasEnded || victim.isStopped) return;
    victim.pause();
    const { name } = victim.options;
    this.#options.say(`stall-app ${name}`);
    const noted = this.#note('stall-app', name);
    await pause(lastsMs);
    await this.#untilOthersHave(name);
    noted();
    victim.goOn();
  }

  /** What the process had claimed, others have taken over and begun to handle. */
  async #untilOthersHave(name: string): Promise<void> {
    for (const deadline = now() + TAKE_OVER_DEADLINE_MS; now() < deadline; await pause(100)) {
      const isTakenOver = await this.#options.probe.claimsOf(name).then(
        (claims) => claims === 0,
        () => false, // The server is gone just now.
      );
      if (isTakenOver) return pause(BEGINNING_MS);
    }
  }

  async #kill(victim: Worker, lastsMs: number): Promise<void> {
    const { name } = victim.options;
    this.#options.say(`kill-app ${name}`);
    const noted = this.#note('kill-app', name);
    await victim.kill();
    await pause(lastsMs);
    this.#options.startWorker();
    noted();
  }

  async #crashServer(kind: FaultEvent['kind'], lastsMs: number): Promise<void> {
    const { crash, say } = this.#options;
    if (this.#isServerDown) return;
    this.#isServerDown = true;
    say(kind);
    const noted = this.#note(kind, '');
    const bringBack = await crash(kind);
    await pause(lastsMs);
    await bringBack();
    noted();
    this.#isServerDown = false;
  }

  /** Answers what notes the end. */
  #note(kind: FaultEvent['kind'], proc: string): () => void {
    const at = now();
    return () => void this.faults.push({ f: 'fault', kind, proc, at, until: now() });
  }
}
