/**
 * Runs core's specs on PostgreSQL 15 through PgBouncer in transaction mode: `node tools/pgbouncer.mjs [jest arguments]`.
 *
 * Needs Debian's packages `postgresql-15` and `pgbouncer` (1.18 in Debian 12). Both servers run on loopback, on free ports,
 * in a temporary folder, and are stopped at the end.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BIN = '/usr/lib/postgresql/15/bin';
const folder = mkdtempSync(join(tmpdir(), 'postlog-pgbouncer-'));
chmodSync(folder, 0o755);
const user = process.getuid() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
const children = [];
let code = 1;

try {
  const [postgresPort, bouncerPort] = [await freePort(), await freePort()];
  await startPostgres(postgresPort);
  await startBouncer(postgresPort, bouncerPort);
  const url = `postgres://postgres@127.0.0.1:${bouncerPort}/postgres`;
  console.log(
    `PostgreSQL 15 through ${execFileSync('pgbouncer', ['--version'], { encoding: 'utf8' }).split('\n')[0]} in transaction mode`,
  );
  const args = process.argv.slice(2);
  code = await run(
    'node',
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      ...(args.length > 0 ? args : ['packages/core']),
    ],
    {
      POSTLOG_TEST_URL: url,
    },
  );
} finally {
  for (const child of children.reverse()) {
    child.kill('SIGINT');
    await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve()));
  }
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = code;

async function startPostgres(port) {
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  own(data);
  execFileSync(join(BIN, 'initdb'), ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--no-locale'], {
    ...user,
    cwd: '/',
    stdio: 'ignore',
  });
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=300'].flatMap(
    (setting) => ['-c', setting],
  );
  children.push(
    spawn(join(BIN, 'postgres'), ['-D', data, '-p', String(port), ...settings], {
      ...user,
      cwd: '/',
      stdio: 'ignore',
      detached: true,
    }),
  );
  await untilListening(port);
}

async function startBouncer(postgresPort, port) {
  const config = join(folder, 'pgbouncer.ini');
  writeFileSync(
    config,
    `[databases]
* = host=127.0.0.1 port=${postgresPort} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 500
default_pool_size = 20
server_idle_timeout = 5
`,
  );
  own(config);
  children.push(spawn('pgbouncer', [config], { ...user, cwd: '/', stdio: 'ignore', detached: true }));
  await untilListening(port);
}

function run(program, args, env) {
  return new Promise((resolve) => {
    spawn(program, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } }).once('exit', (exitCode) =>
      resolve(exitCode ?? 1),
    );
  });
}

async function untilListening(port) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const isUp = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() !== undefined));
      socket.once('error', () => resolve(false));
    });
    if (isUp) return;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`nothing listens on port ${port}`);
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function own(path) {
  if (user.uid !== undefined) chownSync(path, user.uid, user.gid);
}

function idOf(flag) {
  return Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
}
