import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench.js';

export interface MemberProcessOptions {
  readonly url: string;
  readonly topic: string;
  readonly members: readonly { readonly groupId: string; readonly groupInstanceId?: string }[];
  readonly timing: { readonly sessionTimeout?: number; readonly heartbeatInterval?: number };
}

export type ToMembers = 'go' | 'cpu';
export type FromMembers =
  'ready' | { readonly handled: [partition: number, records: number][] } | { readonly cpuMs: number };

/** Members that a benchmark runs in another process. */
export class MemberProcess {
  readonly #child: ChildProcess;
  readonly #ready: Promise<unknown>;
  /** Calls with partitions and how many records of each were handled since the last call. */
  onHandled: (handled: readonly (readonly [number, number])[]) => void = () => {};

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ready = once(child, 'message');
    child.on('message', (message: FromMembers) => {
      if (typeof message === 'object' && 'handled' in message) this.onHandled(message.handled);
    });
  }

  /** Connected, and waiting for `go`. */
  static async start(bench: Bench, options: MemberProcessOptions): Promise<MemberProcess> {
    const script = fileURLToPath(new URL('../dist/member-process.js', import.meta.url));
    const child = fork(script, [JSON.stringify(options)], { stdio: 'inherit', execArgv: [] });
    bench.onStop(() => void child.kill('SIGKILL'));
    const started = new MemberProcess(child);
    await started.#ready;
    return started;
  }

  go(): void {
    this.#tell('go');
  }

  /** Milliseconds of processor time that it has used. */
  async cpuMs(): Promise<number> {
    const answer = new Promise<number>((resolve) => {
      const listen = (message: FromMembers) => {
        if (typeof message !== 'object' || !('cpuMs' in message)) return;
        this.#child.off('message', listen);
        resolve(message.cpuMs);
      };
      this.#child.on('message', listen);
    });
    this.#tell('cpu');
    return answer;
  }

  /** `SIGTERM` leaves its groups in order, `SIGKILL` does not. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }

  #tell(message: ToMembers): void {
    this.#child.send(message);
  }
}
