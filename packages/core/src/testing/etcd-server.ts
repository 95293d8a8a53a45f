import { execFile, spawn } from 'node:child_process';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';

/** A real etcd of one member on loopback. */
export interface EtcdServer {
  /** For clients. */
  readonly url: string;
  /** SIGTERM; the data goes, unless its folder was given. */
  stop(): Promise<void>;
  /** SIGKILL. What was committed is there after `start`. */
  kill(): Promise<void>;
  /** Starts again on the same ports and data. */
  start(): Promise<void>;
}

const ETCD = '/usr/bin/etcd';
const START_DEADLINE_MS = 20_000;
const run = promisify(execFile);

/**
 * Debian's etcd; root installs it where it is missing. Otherwise undefined, and the reason goes to the console: who asks skips
 * what needs it.
 */
export async function findEtcd(): Promise<string | undefined> {
  if (await exists(ETCD)) return ETCD;
  const reason = await install().catch((error: unknown) => `installing it failed: ${String(error)}`);
  if (reason === undefined && (await exists(ETCD))) return ETCD;
  console.warn(`skipped what needs etcd: there is no ${ETCD}, and ${reason ?? 'installing did not bring it'}.`);
  return undefined;
}

export interface EtcdServerOptions {
  /** Where the data lives; it is kept when given, else it is a temporary folder that goes with `stop`. */
  readonly dataDir?: string;
  /** For clients and for peers [free ones] */
  readonly ports?: readonly [number, number];
}

/** Starts it in a fraction of a second. */
export async function startEtcd(binary: string, options: EtcdServerOptions = {}): Promise<EtcdServer> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'postlog-etcd-')));
  const [port, peerPort] = options.ports ?? [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const flags = Object.entries({
    name: 'postlog',
    'data-dir': dataDir,
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `postlog=${peerUrl}`,
  }).map(([name, value]) => `--${name}=${value}`);
  let member: Member | undefined;
  if (await isHealthy(url))
    throw new Error(`an etcd listens at ${url} already, left by an earlier run; stop it first.`);
  const start = async () => {
    member = await startMember({ binary, flags, url });
  };
  const end = async (signal: NodeJS.Signals) => {
    member?.kill(signal);
    await member?.ended;
    member = undefined;
  };
  await start();
  return {
    url,
    stop: async () => {
      await end('SIGTERM');
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
    kill: () => end('SIGKILL'),
    start,
  };
}

interface Member {
  readonly ended: Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

async function startMember(how: {
  readonly binary: string;
  readonly flags: string[];
  readonly url: string;
}): Promise<Member> {
  // etcd asks to be told when it runs on a kind of processor that it is not tested on.
  const env = { ...process.env, ETCD_UNSUPPORTED_ARCH: process.arch };
  const child = spawn(how.binary, how.flags, { env, cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  const log: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => {
    log.push(chunk.toString());
    if (log.length > 100) log.shift();
  });
  let hasEnded = false;
  const ended = new Promise<void>((settle) => {
    const end = () => {
      hasEnded = true;
      settle();
    };
    child.once('error', end);
    child.once('exit', end);
  });
  for (const until = Date.now() + START_DEADLINE_MS; !hasEnded && Date.now() < until;) {
    if (await isHealthy(how.url)) return { ended, kill: (signal) => child.kill(signal) };
    await new Promise((wake) => setTimeout(wake, 20));
  }
  child.kill('SIGKILL');
  throw new Error(`etcd did not start:\n${log.join('').slice(-2000)}`);
}

async function isHealthy(url: string): Promise<boolean> {
  const health = await fetch(`${url}/health`).then(
    (response) => response.text(),
    () => '',
  );
  return health.includes('"true"');
}

/** Answers why it could not; one process at a time, the others find it there. */
async function install(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root can install it (apt-get install etcd-server)';
  if (!(await exists('/usr/bin/apt-get'))) return 'there is no apt-get here';
  // Debian starts the service of a package at once, unless this policy of container images forbids it with status 101.
  const policy = await run('/usr/sbin/policy-rc.d', ['etcd', 'start']).then(
    () => 0,
    (error: { code?: unknown }) => error.code,
  );
  if (policy !== 101) return 'an installation would start it as a service (apt-get install etcd-server, then stop it)';
  const script = `test -x ${ETCD} || { apt-get update -q && apt-get install -y -q --no-install-recommends etcd-server; }`;
  await run('flock', [join(tmpdir(), 'postlog-apt.lock'), 'sh', '-c', script], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: 180_000,
  });
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
