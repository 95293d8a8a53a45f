import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface MemberOptions {
  readonly url: string;
  readonly topic: string;
  readonly groupId: string;
  /** The process's name; member ids begin with it. */
  readonly name: string;
  readonly mode: 'each' | 'keyed' | 'batch' | 'manual';
  readonly sessionTimeout: number;
  /** How long a handler takes, on average. */
  readonly handlerMs: number;
  /** Where it writes down what it does. */
  readonly file: string;
  readonly seed: number;
  readonly plant?: string | undefined;
}

/** A process with one member, and the signals that it gets. */
export class Member {
  readonly options: MemberOptions;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  isStopped = false;

  constructor(options: MemberOptions) {
    this.options = options;
    const script = fileURLToPath(new URL('../dist/member-process.js', import.meta.url));
    this.#child = fork(script, [JSON.stringify(options)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [],
    });
    this.#ended = once(this.#child, 'exit');
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  pause(): void {
    this.isStopped = true;
    this.#child.kill('SIGSTOP');
  }

  goOn(): void {
    this.isStopped = false;
    this.#child.kill('SIGCONT');
  }

  /** A stopped process hears `SIGTERM` only when it goes on. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#child.kill(signal);
    if (this.isStopped) this.goOn();
    await this.#ended;
  }
}
