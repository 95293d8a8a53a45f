import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WorkerAnswer, WorkerOptions, WorkerOrder } from './worker-options.js';

const END_MS = 15_000;

/** A worker's process, and the signals that it gets. */
export class Worker {
  readonly options: WorkerOptions;
  /** Resolves when it has ended, to how. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  /** Resolves when its members run, or when it has ended. */
  readonly attached: Promise<void>;
  readonly #hasStoppedPublishing: Promise<void>;
  isStopped = false;
  isAskedToEnd = false;

  constructor(options: WorkerOptions) {
    this.options = options;
    const script = fileURLToPath(new URL('../../dist/transactions/worker-process.js', import.meta.url));
    // A process group of its own: Ctrl-C in a terminal reaches only us, who stop things in order.
    this.#child = fork(script, [JSON.stringify(options)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: ['--enable-source-maps'],
      detached: true,
    });
    this.ended = once(this.#child, 'exit').then(([code, signal]) => `it ended by itself (${String(signal ?? code)})`);
    this.attached = this.#answered('attached');
    this.#hasStoppedPublishing = this.#answered('stopped-publishing');
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

  /** Resolves when one of its handlers is in the middle of a transaction, or with a deadline. */
  async untilHandling(deadlineMs: number): Promise<void> {
    const handling = this.#answered('handling');
    this.#order('say-when-handling');
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([handling, new Promise((wake) => (timer = setTimeout(wake, deadlineMs)))]);
    clearTimeout(timer);
  }

  /** Resolves when every transaction that it began has an end, or when it has ended itself. */
  async stopPublishing(): Promise<void> {
    this.#order('stop-publishing');
    await this.#hasStoppedPublishing;
  }

  async kill(): Promise<void> {
    this.isAskedToEnd = true;
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  async end(): Promise<void> {
    this.isAskedToEnd = true;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    this.#child.kill('SIGTERM');
    await this.ended;
    clearTimeout(timer);
  }

  #order(order: WorkerOrder): void {
    if (this.#child.connected) this.#child.send(order);
  }

  async #answered(answer: WorkerAnswer): Promise<void> {
    const answered = new Promise<void>((resolve) => {
      this.#child.on('message', (message) => {
        if (message === answer) resolve();
      });
    });
    await Promise.race([answered, this.ended]);
  }
}
