import { fork, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ClientAnswer, ClientOptions, ClientOrder } from './client-options.js';

/** A client process, from its start to its end. */
export class ClientChild {
  readonly name: string;
  /** Resolves when it has ended, to what it ended with. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #printed: string[] = [];
  #isAskedToEnd = false;

  constructor(options: ClientOptions, logFile: string) {
    this.name = options.name;
    const script = fileURLToPath(new URL('../../dist/cluster/client-process.js', import.meta.url));
    // A process group of its own: Ctrl-C in a terminal reaches only us, who stop things in order.
    this.#child = fork(script, [JSON.stringify(options)], {
      silent: true,
      execArgv: ['--enable-source-maps'],
      detached: true,
    });
    const log = createWriteStream(logFile, { flags: 'a' });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        log.write(data);
        this.#printed.push(String(data));
        if (this.#printed.length > 20) this.#printed.shift();
      });
    }
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      log.end();
      return `it ended (${String(signal ?? code)}): ${this.#printed.join('').slice(-1_500)}`;
    });
  }

  get isAskedToEnd(): boolean {
    return this.#isAskedToEnd;
  }

  /** Resolves when it is attached to the cluster. @throws Error with what it printed when it ends before. */
  async untilAttached(): Promise<void> {
    await this.#answered('attached');
  }

  /** Resolves when every record has its outcome. */
  async drain(): Promise<void> {
    this.#order('stop-producing');
    await this.#answered('drained');
  }

  async end(): Promise<void> {
    this.#isAskedToEnd = true;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    if (this.#child.connected) this.#order('end');
    await this.ended;
    clearTimeout(timer);
  }

  async kill(): Promise<void> {
    this.#isAskedToEnd = true;
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  #order(order: ClientOrder): void {
    this.#child.send(order);
  }

  async #answered(kind: ClientAnswer['kind']): Promise<void> {
    const answered = new Promise<void>((resolve) => {
      const listen = (answer: unknown) => {
        if ((answer as ClientAnswer).kind !== kind) return;
        this.#child.off('message', listen);
        resolve();
      };
      this.#child.on('message', listen);
    });
    await Promise.race([answered, this.ended.then((how) => Promise.reject(new Error(`client ${this.name}: ${how}`)))]);
  }
}
