import { startEmbeddedPostgres, type EmbeddedServer } from './embedded-postgres.js';
import { signalServer } from './process-tree.js';
import { startServiceProcess, type ServiceProcess } from './service-process.js';

/** What a broker consists of: its process, and the Postgres server with its database. */
export type BrokerPart = 'process' | 'postgres';

const BOTH_PARTS: readonly BrokerPart[] = ['process', 'postgres'];

export interface ClusterBrokerOptions {
  readonly id: number;
  readonly dataDir: string;
  readonly port: number;
  readonly logFile: string;
  /** Runs one broker: the `postlog` command. */
  readonly script: string;
  /** After `broker`; asked at each start of the process. */
  readonly args: () => readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  /** The process has ended though nobody here made it; with its last lines. */
  readonly onEnded: (lastLines: string) => void;
}

/** One broker's Postgres server and process: started, stopped, killed and paused, together or apart. */
export class ClusterBroker {
  readonly id: number;
  /** Of the broker's database. */
  readonly url: string;
  readonly #options: ClusterBrokerOptions;
  readonly #server: EmbeddedServer;
  #process: ServiceProcess | undefined;

  private constructor(options: ClusterBrokerOptions, server: EmbeddedServer, url: string) {
    this.id = options.id;
    this.#options = options;
    this.#server = server;
    this.url = url;
  }

  /** Starts the Postgres server alone. */
  static async open(options: ClusterBrokerOptions): Promise<ClusterBroker> {
    const { dataDir, port, settings } = options;
    const server = await startEmbeddedPostgres({ dataDir, port, settings });
    try {
      return new ClusterBroker(options, server, await server.createDatabase('postlog'));
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Process ids of what runs. */
  get pids(): { readonly process?: number; readonly postgres?: number } {
    return {
      ...(this.#process === undefined ? {} : { process: this.#process.pid }),
      ...(this.#server.pid === undefined ? {} : { postgres: this.#server.pid }),
    };
  }

  /** Starts what does not run of these parts; a process that starts is in service when this resolves. */
  async start(parts: readonly BrokerPart[] = BOTH_PARTS): Promise<void> {
    if (parts.includes('postgres') && this.#server.pid === undefined) await this.#server.start();
    if (parts.includes('process') && this.#process === undefined) await this.#startProcess();
  }

  /** In order: the process gives its leaderships away, then Postgres shuts down. */
  async stop(parts: readonly BrokerPart[] = BOTH_PARTS): Promise<void> {
    if (parts.includes('postgres')) this.continue(['postgres']);
    if (parts.includes('process')) {
      await this.#process?.stop();
      this.#process = undefined;
    }
    if (parts.includes('postgres')) await this.#server.stop();
  }

  /** SIGKILL, of every process of the server too. */
  async kill(parts: readonly BrokerPart[] = BOTH_PARTS): Promise<void> {
    const dying: Promise<void>[] = [];
    if (parts.includes('postgres') && this.#server.pid !== undefined) {
      signalServer(this.#server.pid, 'SIGKILL');
      dying.push(this.#server.kill());
    }
    if (parts.includes('process') && this.#process !== undefined) {
      dying.push(this.#process.kill());
      this.#process = undefined;
    }
    await Promise.all(dying);
  }

  /** SIGSTOP, of every process of the server too. */
  pause(parts: readonly BrokerPart[] = BOTH_PARTS): void {
    if (parts.includes('process')) this.#process?.pause();
    if (parts.includes('postgres')) this.#signalServer('SIGSTOP');
  }

  continue(parts: readonly BrokerPart[] = BOTH_PARTS): void {
    if (parts.includes('postgres')) this.#signalServer('SIGCONT');
    if (parts.includes('process')) this.#process?.continue();
  }

  #signalServer(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (this.#server.pid !== undefined) signalServer(this.#server.pid, signal);
  }

  async #startProcess(): Promise<void> {
    const { id, script, args, logFile, onEnded } = this.#options;
    const started = startServiceProcess({
      name: `broker ${id}`,
      script,
      args: ['broker', '--id', String(id), ...args()],
      logFile,
      readyWhen: `broker ${id} is in service`,
    });
    this.#process = started;
    void started.ended.then(() => {
      if (this.#process === started) this.#process = undefined;
    });
    await started.ready;
    void started.ended.then(() => {
      if (!started.isExpectedToEnd) onEnded(started.lastLines());
    });
  }
}
