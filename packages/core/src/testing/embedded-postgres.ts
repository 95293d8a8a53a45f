import { spawn, type ChildProcess } from 'node:child_process';
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.js';
import { findBinaries, launchAs, serverIdentity, type Identity, type Launch } from './postgres-binaries.js';

export interface EmbeddedServerOptions {
  /** Where the data lives; it is kept when given, else it is a temporary folder that goes with `stop`. */
  readonly dataDir?: string;
  /** [a free one] */
  readonly port?: number;
  /** Server settings, such as `{ max_connections: '200' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A real Postgres server on loopback, from binaries that npm brought; fsync and synchronous commit are on. */
export interface EmbeddedServer {
  /** Connects to the database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Of the postmaster, while it runs. */
  readonly pid: number | undefined;
  /** Creates the database if it is missing; answers its url. */
  createDatabase(name: string): Promise<string>;
  /** Fast shutdown. */
  stop(): Promise<void>;
  /** SIGKILL of the postmaster; its children end by themselves. What was committed is there after `start`. */
  kill(): Promise<void>;
  /** Starts again on the same port and data, once it has ended. */
  start(): Promise<void>;
}

const PASSWORD = 'postlog';
const START_DEADLINE_MS = 60_000;

/**
 * Starts a server, in about a second where the data is new. The server is in a process group of its own: Ctrl-C in a
 * terminal reaches the caller only, who stops things in order. A server that a killed caller left running on this data
 * is taken over.
 */
export async function startEmbeddedPostgres(options: EmbeddedServerOptions = {}): Promise<EmbeddedServer> {
  const dataDir = resolve(options.dataDir ?? (await mkdtemp(join(tmpdir(), 'postlog-pg-'))));
  const { initdb, postgres } = await findBinaries();
  await mkdir(dirname(dataDir), { recursive: true });
  const identity = serverIdentity([postgres, dataDir]);
  const left = await leftRunning(dataDir);
  const port = left?.port ?? options.port ?? (await freePort());
  const urlOf = (database: string) => `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/${database}`;

  if (left === undefined && (await readFile(join(dataDir, 'PG_VERSION')).catch(() => undefined)) === undefined) {
    await initialise(initdb, dataDir, identity);
  }
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...options.settings };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const launch = launchAs(identity, postgres, ['-D', dataDir, '-p', String(port), ...flags]);

  let postmaster: Postmaster | undefined;
  const keep = (running: Postmaster) => {
    postmaster = running;
    void running.ended.then(() => {
      if (postmaster === running) postmaster = undefined;
    });
  };
  const start = async () => {
    await postmaster?.ended; // One that was killed from outside may not have let go of its data yet.
    keep(await startPostmaster(launch, dataDir));
  };
  const end = async (signal: NodeJS.Signals) => {
    if (postmaster === undefined) return;
    signalProcess(postmaster.pid, signal);
    await postmaster.ended;
  };
  if (left !== undefined) keep({ pid: left.pid, ended: untilGone(left.pid) });
  if (postmaster === undefined) await start();
  return {
    url: urlOf('postgres'),
    port,
    dataDir,
    get pid() {
      return postmaster !== undefined && isAlive(postmaster.pid) ? postmaster.pid : undefined;
    },
    createDatabase: async (name) => {
      await createDatabase(urlOf('postgres'), name);
      return urlOf(name);
    },
    stop: async () => {
      await end('SIGINT');
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
    kill: () => end('SIGKILL'),
    start,
  };
}

interface Postmaster {
  readonly pid: number;
  readonly ended: Promise<void>;
}

/** After SIGKILL of a postmaster its children hold the shared memory for a while, and a start before they end is refused. */
const CHILDREN_LIVE = 'shared memory block';
const CHILDREN_DEADLINE_MS = 30_000;

async function startPostmaster(launch: Launch, dataDir: string): Promise<Postmaster> {
  for (const until = Date.now() + CHILDREN_DEADLINE_MS; ; await new Promise((wake) => setTimeout(wake, 100))) {
    try {
      return await startPostmasterOnce(launch, dataDir);
    } catch (error) {
      if (!String(error).includes(CHILDREN_LIVE) || Date.now() > until) throw error;
    }
  }
}

async function startPostmasterOnce(launch: Launch, dataDir: string): Promise<Postmaster> {
  const { child, log, ended } = run(launch);
  const ready = (async () => {
    // The last line of the lock file says how far it is; "ready" comes after crash recovery.
    for (const until = Date.now() + START_DEADLINE_MS; Date.now() < until;) {
      const lock = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
      if (lock.startsWith(`${child.pid}\n`) && lock.split('\n')[7]?.trim() === 'ready') return;
      await new Promise((wake) => setTimeout(wake, 20));
    }
    throw new Error('it was not ready in time');
  })();
  const failed = ended.then((code) => Promise.reject(new Error(`it ended with code ${code}`)));
  await Promise.race([ready, failed]).catch((cause: unknown) => {
    throw new Error(`the embedded Postgres in ${dataDir} did not start:\n${log.join('').slice(-2000)}`, { cause });
  });
  failed.catch(() => {});
  return { pid: child.pid!, ended: ended.then(() => {}) };
}

async function initialise(initdb: string, dataDir: string, identity: Identity): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const secret = await mkdtemp(join(tmpdir(), 'postlog-initdb-'));
  const passwordFile = join(secret, 'password');
  await writeFile(passwordFile, PASSWORD);
  if (identity.kind === 'user') {
    for (const path of [dataDir, secret, passwordFile]) await chown(path, identity.uid, identity.gid);
  }
  const options = ['--auth=scram-sha-256', '--username=postgres', `--pwfile=${passwordFile}`, '--encoding=UTF8'];
  const { log, ended } = run(launchAs(identity, initdb, [`--pgdata=${dataDir}`, ...options, '--no-locale']));
  const code = await ended;
  await rm(secret, { recursive: true, force: true });
  if (code === 0) return;
  await rm(dataDir, { recursive: true, force: true }); // Half a cluster would be in the way of the next try.
  const cure =
    identity.kind === 'namespace'
      ? '\nAs root, clone into a folder that other users may enter, or set DATABASE_URL.'
      : '';
  throw new Error(`initdb in ${dataDir} failed:\n${log.join('')}${cure}`);
}

function run({ command, args, uid, gid }: Launch): {
  child: ChildProcess;
  log: string[];
  ended: Promise<number | null>;
} {
  const identity = uid === undefined || gid === undefined ? {} : { uid, gid };
  const child = spawn(command, args, { ...identity, cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log.push(chunk.toString());
      if (log.length > 100) log.shift();
    });
  }
  const ended = new Promise<number | null>((settle) => {
    child.once('error', (error) => {
      log.push(String(error));
      settle(-1);
    });
    child.once('exit', settle);
  });
  return { child, log, ended };
}

/** A postmaster that is still alive on this data, by its lock file. */
async function leftRunning(dataDir: string): Promise<{ pid: number; port: number } | undefined> {
  const lock = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid, , , port] = lock.split('\n');
  return pid !== undefined && port !== undefined && isAlive(Number(pid))
    ? { pid: Number(pid), port: Number(port) }
    : undefined;
}

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((wake) => setTimeout(wake, 50));
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function createDatabase(url: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
