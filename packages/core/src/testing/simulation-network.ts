import { PostlogError } from '../errors/postlog-error.js';
import type { SimulatedProcess } from './simulation-process.js';
import type { SeededRandom } from './simulation-random.js';
import type { VirtualTime } from './simulation-time.js';

/** What a call is made to. Effects are made at one moment each, as a statement's are. */
export interface SimulatedServer {
  readonly name: string;
  readonly isUp: boolean;
  /** Rises with each start: what was on its way to an earlier one never arrives. */
  readonly starts: number;
}

/** How bad the network is, and how likely it is that a process dies right where it waits for an answer. */
export interface Weather {
  readonly leastDelayMs: number;
  readonly mostDelayMs: number;
  readonly lossChance: number;
  /** Of a request that takes effect long after its caller has given up. */
  readonly lateChance: number;
  /** The only calls that are ever late; all of them unless told. */
  readonly lateCalls?: readonly string[];
  readonly crashChance: number;
}

const CALM: Weather = { leastDelayMs: 0.5, mostDelayMs: 3, lossChance: 0, lateChance: 0, crashChance: 0 };
/** Who has no answer by then does not know what became of it. */
const GIVES_UP_AFTER_MS = 800;
const LATEST_MS = 5_000;

export interface NetworkOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly trace: (who: string, what: string) => void;
  readonly onCrash: (process: SimulatedProcess) => void;
}

/** Carries requests of processes to servers and answers back, or does not. */
export class SimulatedNetwork {
  weather: Weather = CALM;
  readonly #options: NetworkOptions;
  /** One way each: `from>to`; `*` stands for everybody. */
  readonly #cut = new Set<string>();

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Nothing gets from one to the other; the answer puts it right. */
  cut(from: string, to: string): () => void {
    const way = `${from}>${to}`;
    this.#cut.add(way);
    return () => void this.#cut.delete(way);
  }

  heal(): void {
    this.#cut.clear();
    this.weather = CALM;
  }

  /** Makes the effect on the server, unless the request is lost, and brings what came of it, unless that is lost. */
  call<T>(caller: SimulatedProcess, server: SimulatedServer, what: string, effect: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!caller.isAlive) return;
      const { time, random, trace } = this.#options;
      const sentAt = time.now;
      const { starts } = server;
      const giveUp = (fate: string) => {
        trace(caller.name, `${what} at ${server.name}: ${fate}`);
        time.after(sentAt + GIVES_UP_AFTER_MS - time.now, () => caller.run(() => reject(unknown(what, server))));
      };
      const answer = (give: () => void) => {
        this.#mayCrash(caller);
        if (this.#isLost(server.name, caller.name)) return giveUp('done, the answer was lost');
        time.after(this.#delay(), () => caller.run(give));
      };
      if (this.#isLost(caller.name, server.name)) giveUp('the request was lost');
      else {
        const { lateChance, lateCalls } = this.weather;
        const isLate = (lateCalls?.includes(what) ?? true) && random.isTrue(lateChance);
        if (isLate) giveUp('the request is late');
        time.after(isLate ? random.between(0, LATEST_MS) : this.#delay(), () => {
          if (!server.isUp || server.starts !== starts) {
            if (!isLate) answer(() => reject(refused(what, server)));
            return;
          }
          trace(caller.name, isLate ? `${what} at ${server.name}: done late` : `${what} at ${server.name}`);
          const given = effect();
          if (isLate) given.catch(() => {});
          else
            given.then(
              (value) => answer(() => resolve(value)),
              (error: unknown) => answer(() => reject(error)),
            );
        });
      }
      this.#mayCrash(caller);
    });
  }

  /** A word that nobody waits for. */
  hint(from: string, to: SimulatedProcess, heard: () => void): void {
    if (!this.#isLost(from, to.name)) this.#options.time.after(this.#delay(), () => to.run(heard));
  }

  #isLost(from: string, to: string): boolean {
    const { random } = this.#options;
    if (this.#cut.size === 0) return random.isTrue(this.weather.lossChance);
    return (
      this.#cut.has(`${from}>${to}`) ||
      this.#cut.has(`${from}>*`) ||
      this.#cut.has(`*>${to}`) ||
      random.isTrue(this.weather.lossChance)
    );
  }

  #delay(): number {
    const { leastDelayMs, mostDelayMs } = this.weather;
    return this.#options.random.between(leastDelayMs, mostDelayMs);
  }

  #mayCrash(caller: SimulatedProcess): void {
    const { random, onCrash } = this.#options;
    if (this.weather.crashChance > 0 && random.isTrue(this.weather.crashChance)) onCrash(caller);
  }
}

function unknown(what: string, { name }: SimulatedServer): PostlogError {
  return new PostlogError('NETWORK_EXCEPTION', `the answer of ${name} to ${what} was lost.`, { outcome: 'unknown' });
}

function refused(what: string, { name }: SimulatedServer): PostlogError {
  return new PostlogError('BROKER_NOT_AVAILABLE', `${name} is down, so no ${what}.`);
}

/** A port whose every method is a call. */
export function overNetwork<Port extends object>(
  port: Port,
  send: <T>(what: string, effect: () => Promise<T>) => Promise<T>,
): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      return (...given: unknown[]) =>
        send(String(name), () => Reflect.apply(method, target, given) as Promise<unknown>);
    },
  });
}
