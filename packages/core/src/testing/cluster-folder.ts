import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.js';

/** Where a cluster keeps its metadata: on the Postgres server beside the brokers', or in an etcd. */
export type MetadataKind = 'postgres' | 'etcd';

/** What a folder remembers of the cluster in it, so that the next start finds the same. */
export interface ClusterFolder {
  readonly metadata: MetadataKind;
  /** Ports of the brokers' Postgres servers, from broker 1 on. */
  readonly brokerPorts: readonly number[];
  /** Of the Postgres server for metadata and applications. */
  readonly commonPort: number;
  /** Of etcd: for clients, for its peers. */
  readonly etcdPorts: readonly [number, number];
}

/**
 * Opens the folder; writes what is new down.
 *
 * @throws Error when another kind of cluster, or one with more brokers, lives there
 */
export async function openClusterFolder(
  dir: string,
  wanted: { readonly brokers?: number; readonly metadata?: MetadataKind },
): Promise<ClusterFolder> {
  const path = join(dir, 'cluster.json');
  const known = await readFolder(path);
  const brokers = wanted.brokers ?? known?.brokerPorts.length ?? 3;
  const metadata = wanted.metadata ?? known?.metadata ?? 'postgres';
  if (known !== undefined && (known.metadata !== metadata || known.brokerPorts.length > brokers)) {
    throw new Error(
      `${dir} holds a cluster of ${known.brokerPorts.length} brokers with its metadata in ${known.metadata}; start it as it is, or give another folder.`,
    );
  }
  const brokerPorts = [...(known?.brokerPorts ?? [])];
  while (brokerPorts.length < brokers) brokerPorts.push(await freePort());
  const folder: ClusterFolder = {
    metadata,
    brokerPorts,
    commonPort: known?.commonPort ?? (await freePort()),
    etcdPorts: known?.etcdPorts ?? [await freePort(), await freePort()],
  };
  await mkdir(dir, { recursive: true });
  await writeFile(path, `${JSON.stringify(folder, null, 2)}\n`);
  return folder;
}

/**
 * Claims the folder for this process; answers how to give it back. A process that was killed claims nothing any more.
 *
 * @throws Error when another process runs the cluster in it
 */
export async function lockClusterFolder(dir: string): Promise<() => Promise<void>> {
  const path = join(dir, 'pid');
  const holder = Number(await readFile(path, 'utf8').catch(() => '0'));
  if (holder !== 0 && holder !== process.pid && isAlive(holder)) {
    throw new Error(`process ${holder} runs the cluster in ${dir} already; stop it first, or give another folder.`);
  }
  await mkdir(dir, { recursive: true });
  await writeFile(path, String(process.pid));
  return () => rm(path, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function readFolder(path: string): Promise<ClusterFolder | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ClusterFolder);
}
