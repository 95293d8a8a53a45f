import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ClusterProcesses, type Undo } from '@postlog/core/testing';
import { brokerName, Edges } from './edges.js';
import { Machine } from './machine.js';

/** What a broker's process is told, beside where everything is. */
export interface BrokerSettings {
  readonly sessionTimeout: number;
  readonly heartbeatInterval: number;
  readonly replicaLagTimeMaxMs: number;
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
}

export interface WorldOptions {
  readonly metadata: 'postgres' | 'etcd';
  readonly settings: BrokerSettings;
  /** Names of client processes, each with edges of its own. */
  readonly clients: readonly string[];
  readonly say: (line: string) => void;
  /** A broker's process has ended though no fault made it end; with its last lines. It is started again. */
  readonly onBrokerEnded: (brokerId: number, lastLines: string) => void;
  readonly onStop: (undo: Undo) => void;
}

/** Three machines, a metadata store, an edge from every process to every server, and folders for what everybody writes down. */
export interface World {
  /** What everybody wrote down stays when all is over; the data never does. */
  keep(): void;
  readonly cluster: ClusterProcesses;
  readonly edges: Edges;
  readonly machines: ReadonlyMap<number, Machine>;
  readonly folder: string;
  /** Copies a broker's data, while it is stopped in order. */
  copyData(brokerId: number): Promise<void>;
  /** Puts that copy in place of the data of a broker that is down. */
  restoreData(brokerId: number): Promise<void>;
}

const BROKERS = [1, 2, 3];

export async function openWorld({
  metadata,
  settings,
  clients,
  say,
  onStop,
  onBrokerEnded,
}: WorldOptions): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'postlog-faults-'));
  const dir = join(folder, 'cluster');
  await mkdir(join(folder, 'events'), { recursive: true });
  let goes = folder;
  onStop(() => rm(goes, { recursive: true, force: true }));
  const edges = await Edges.open([...BROKERS.map(brokerName), ...clients], [...BROKERS, 'metadata']);
  onStop(() => edges.close());
  const machines = new Map<number, Machine>();
  const starting = startAgain(() =>
    ClusterProcesses.start({
      script: fileURLToPath(new URL('../../dist/cluster/broker-process.js', import.meta.url)),
      metadata,
      dir,
      brokerArgs: ['--settings', JSON.stringify(settings)],
      settings: { max_connections: '100', shared_buffers: '64MB' },
      route: (from, to, url) => edges.route(brokerName(from), to, url),
      onBrokerEnded: (brokerId, lastLines) => {
        onBrokerEnded(brokerId, lastLines);
        void machines.get(brokerId)?.revive();
      },
      say,
    }).catch(async (error: unknown) => {
      await rm(dir, { recursive: true, force: true });
      throw error;
    }),
  );
  // Killed, not stopped: nobody needs the data any more, and what is paused or cut off would not stop in order.
  onStop(async () => {
    const running = await starting;
    await Promise.all(running.brokerIds.map((id) => running.killBroker(id)));
    await running.stop();
  });
  const cluster = await starting;
  for (const id of cluster.brokerIds) machines.set(id, new Machine(id, cluster));
  onStop(() => machines.forEach((machine) => machine.end()));
  const copyOf = (brokerId: number) => join(folder, 'cluster', `copy-${brokerId}`);
  const dataOf = (brokerId: number) => join(folder, 'cluster', `broker-${brokerId}`);
  // With owners and modes, which Postgres looks at.
  const copy = (from: string, to: string) => promisify(execFile)('cp', ['-a', from, to]);
  return {
    keep: () => (goes = dir),
    cluster,
    edges,
    machines,
    folder,
    copyData: async (brokerId) => {
      await cluster.stopBroker(brokerId);
      await copy(dataOf(brokerId), copyOf(brokerId));
      await cluster.startBroker(brokerId);
    },
    restoreData: async (brokerId) => {
      await rm(dataOf(brokerId), { recursive: true });
      await copy(copyOf(brokerId), dataOf(brokerId));
    },
  };
}

/** A port that was free a moment ago may be taken by now, by anybody on this machine. */
async function startAgain<T>(start: () => Promise<T>): Promise<T> {
  return start().catch(start).catch(start);
}
