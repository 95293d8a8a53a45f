/**
 * Runs a command of the repository on a fresh clone: installs what the lock file names when that is missing or stale,
 * builds what changed, then hands over. Plain Node, since nothing else is there yet.
 *
 *     node tools/bootstrap.mjs start|test|bench|faults|postlog|packed [arguments…]
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, ROOT, run } from './run.mjs';

const MARK = join(ROOT, 'node_modules', '.cache', 'postlog', 'installed');
const TOOLS = {
  start: 'tools/dev/dist/main.js',
  bench: 'tools/bench/dist/main.js',
  faults: 'tools/faults/dist/main.js',
  postlog: 'packages/cli/dist/main.js',
  packed: 'tools/packed-app.mjs',
};

const [command = '', ...args] = process.argv.slice(2);
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) fail(`Node ${process.versions.node} is too old; use 20.19 or newer.`);
if (command !== 'test' && TOOLS[command] === undefined)
  fail(`unknown command "${command}"; use one of test, ${Object.keys(TOOLS).join(', ')}.`);

await install();
if (command === 'test') {
  await import('./test.mjs');
} else {
  const failure = await build();
  if (failure !== undefined) fail(failure);
  process.exitCode = await run('node', [TOOLS[command], ...args], { foreground: true });
}

async function install() {
  const hash = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .update(process.version)
    .digest('hex');
  if (existsSync(MARK) && readFileSync(MARK, 'utf8') === hash) return;
  say('installing dependencies (once) …');
  const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {});
  if (code !== 0) fail('npm ci failed; see its output above.');
  mkdirSync(dirname(MARK), { recursive: true });
  writeFileSync(MARK, hash);
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(text) {
  say(`postlog: ${text}`);
  process.exit(1);
}
