import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Cleanup } from './cleanup.js';
import { ClusterBroker, type BrokerPart } from './cluster-broker.js';
import { lockClusterFolder, openClusterFolder, type ClusterFolder, type MetadataKind } from './cluster-folder.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { findEtcd, startEtcd } from './etcd-server.js';

export interface ClusterProcessesOptions {
  /** The built `postlog` command, which runs the brokers (`postlog broker`). */
  readonly script: string;
  /** [as many as the folder has, else 3] */
  readonly brokers?: number;
  /** [what the folder has, else Postgres] */
  readonly metadata?: MetadataKind;
  /** Data, ports and logs; kept when given, else a temporary folder that goes with `stop`. */
  readonly dir?: string;
  /** More options of `postlog broker`, such as `['--session-timeout', '1500']`. */
  readonly brokerArgs?: readonly string[];
  /** Settings of the brokers' Postgres servers. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * Where broker `from` finds the database of a broker (itself too) or the metadata store, when not at `url`: a proxy on that edge. Asked at each start of
   * the broker's process; answers are urls like the given one.
   */
  readonly route?: (from: number, to: number | 'metadata', url: string) => string;
  /** A broker's process has ended though nothing here made it end; with its last lines. */
  readonly onBrokerEnded?: (id: number, lastLines: string) => void;
  /** What happens, line by line. */
  readonly say?: (line: string) => void;
}

/** How `connect` and `startBroker` reach the cluster. */
export interface ClusterSettings {
  readonly brokers: readonly { readonly id: number; readonly url: string }[];
  readonly metadata: { readonly url: string } | { readonly etcd: readonly string[] };
  /** A database for applications, on a server that no broker lives on. */
  readonly applicationUrl: string;
}

const SHUTDOWN_MS = 60_000;

/**
 * A cluster of real processes on this machine: for each broker a Postgres server and a process of `postlog broker`, and one more server for the metadata and
 * for applications, which nothing here kills.
 */
export class ClusterProcesses {
  readonly settings: ClusterSettings;
  /** Data, ports and logs. */
  readonly dir: string;
  readonly #brokers: ReadonlyMap<number, ClusterBroker>;
  readonly #cleanup: Cleanup;

  private constructor(made: Made, cleanup: Cleanup) {
    this.settings = made.settings;
    this.dir = made.dir;
    this.#brokers = new Map(made.brokers.map((broker) => [broker.id, broker]));
    this.#cleanup = cleanup;
  }

  /** Resolves when every broker is in service. What was started is stopped again when something fails. */
  static async start(options: ClusterProcessesOptions): Promise<ClusterProcesses> {
    const cleanup = new Cleanup(SHUTDOWN_MS);
    try {
      return new ClusterProcesses(await make(options, cleanup), cleanup);
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  get brokerIds(): readonly number[] {
    return [...this.#brokers.keys()];
  }

  /** Process ids of what runs now, by broker. */
  get pids(): { readonly brokers: Record<number, number>; readonly postgres: Record<number, number> } {
    const brokers: Record<number, number> = {};
    const postgres: Record<number, number> = {};
    for (const { id, pids } of this.#brokers.values()) {
      if (pids.process !== undefined) brokers[id] = pids.process;
      if (pids.postgres !== undefined) postgres[id] = pids.postgres;
    }
    return { brokers, postgres };
  }

  /** Starts what does not run of the broker; its process is in service when this resolves. */
  startBroker(id: number, parts?: readonly BrokerPart[]): Promise<void> {
    return this.#broker(id).start(parts);
  }

  /** In order: leaderships move first, then its Postgres shuts down. */
  stopBroker(id: number, parts?: readonly BrokerPart[]): Promise<void> {
    return this.#broker(id).stop(parts);
  }

  /** SIGKILL of its process and of every process of its Postgres. */
  killBroker(id: number, parts?: readonly BrokerPart[]): Promise<void> {
    return this.#broker(id).kill(parts);
  }

  /** SIGSTOP of its process and of every process of its Postgres. */
  pauseBroker(id: number, parts?: readonly BrokerPart[]): void {
    this.#broker(id).pause(parts);
  }

  continueBroker(id: number, parts?: readonly BrokerPart[]): void {
    this.#broker(id).continue(parts);
  }

  /** Stops everything in order; a given folder is kept. */
  stop(): Promise<void> {
    return this.#cleanup.run();
  }

  #broker(id: number): ClusterBroker {
    const broker = this.#brokers.get(id);
    if (broker === undefined) throw new Error(`there is no broker ${id}`);
    return broker;
  }
}

interface Made {
  readonly settings: ClusterSettings;
  readonly dir: string;
  readonly brokers: readonly ClusterBroker[];
}

async function make(options: ClusterProcessesOptions, cleanup: Cleanup): Promise<Made> {
  const { say = () => {} } = options;
  const dir = resolve(options.dir ?? (await mkdtemp(join(tmpdir(), 'postlog-cluster-'))));
  if (options.dir === undefined) cleanup.add(() => rm(dir, { recursive: true, force: true }));
  cleanup.add(await lockClusterFolder(dir));
  const folder = await openClusterFolder(dir, options);
  say(`starting ${folder.brokerPorts.length + 1} Postgres servers in ${dir} …`);
  const common = startCommon(dir, folder, cleanup);
  const urls = new Map<number, string>();
  const servers = allOrNone(
    folder.brokerPorts.map(async (port, index) => {
      const id = index + 1;
      const broker = await ClusterBroker.open({
        id,
        port,
        dataDir: join(dir, `broker-${id}`),
        logFile: join(dir, 'logs', `broker-${id}.log`),
        script: options.script,
        args: () => [...routes(id, { urls, metadata, options }), ...(options.brokerArgs ?? [])],
        settings: options.settings ?? {},
        onEnded: (lastLines) => options.onBrokerEnded?.(id, lastLines),
      });
      cleanup.add(() => broker.stop(['postgres']));
      urls.set(id, broker.url);
      return broker;
    }),
  );
  await Promise.allSettled([common, servers]);
  const { metadata, applicationUrl } = await common;
  const brokers = await servers;
  say(`starting ${brokers.length === 1 ? 'a broker' : `${brokers.length} brokers`} …`);
  cleanup.add(async () => void (await Promise.all(brokers.map((broker) => broker.stop(['process'])))));
  await allOrNone(brokers.map((broker) => broker.start()));
  const addresses = brokers.map(({ id, url }) => ({ id, url }));
  return { settings: { brokers: addresses, metadata, applicationUrl }, dir, brokers };
}

async function startCommon(
  dir: string,
  folder: ClusterFolder,
  cleanup: Cleanup,
): Promise<Omit<ClusterSettings, 'brokers'>> {
  const server = await startEmbeddedPostgres({ dataDir: join(dir, 'common'), port: folder.commonPort });
  cleanup.add(() => server.stop());
  const applicationUrl = await server.createDatabase('application');
  if (folder.metadata === 'postgres') {
    return { metadata: { url: await server.createDatabase('metadata') }, applicationUrl };
  }
  const binary = await findEtcd();
  if (binary === undefined) throw new Error('there is no etcd here; leave the metadata in Postgres.');
  const etcd = await startEtcd(binary, { dataDir: join(dir, 'etcd'), ports: folder.etcdPorts });
  cleanup.add(() => etcd.stop());
  return { metadata: { etcd: [etcd.url] }, applicationUrl };
}

interface Edges {
  readonly urls: ReadonlyMap<number, string>;
  readonly metadata: ClusterSettings['metadata'];
  readonly options: ClusterProcessesOptions;
}

/** The options by which a broker's process finds its own database, the others' and the metadata. */
function routes(from: number, { urls, metadata, options }: Edges): string[] {
  const { route = (_from: number, _to: number | 'metadata', url: string) => url } = options;
  const store =
    'url' in metadata
      ? route(from, 'metadata', metadata.url)
      : `etcd:${metadata.etcd.map((url) => route(from, 'metadata', url)).join(',')}`;
  const peers = [...urls].filter(([id]) => id !== from).map(([id, url]) => `${id}=${route(from, id, url)}`);
  const own = route(from, from, urls.get(from)!);
  return ['--url', own, '--metadata', store, ...peers.flatMap((peer) => ['--peer', peer])];
}

/** Waits for all, also when one fails: nothing goes on behind the back of a failure. */
async function allOrNone<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
