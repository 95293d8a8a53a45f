import type { ServiceProcess } from '@postlog/core/testing';

/** One email service, whichever process it is at the moment. */
export class EmailService {
  readonly name: string;
  readonly #start: (env: Readonly<Record<string, string>>) => ServiceProcess;
  #process: ServiceProcess;

  constructor(name: string, start: (env: Readonly<Record<string, string>>) => ServiceProcess) {
    this.name = name;
    this.#start = start;
    this.#process = start({});
  }

  get ready(): Promise<void> {
    return this.#process.ready;
  }

  get process(): ServiceProcess {
    return this.#process;
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  /** Ends it with SIGTERM and starts its successor; resolves when that is ready. */
  async replace(env: Readonly<Record<string, string>>): Promise<void> {
    await this.#process.stop();
    this.#process = this.#start(env);
    await this.#process.ready;
  }
}
