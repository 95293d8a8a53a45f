/** Runs commands at the root of the repository: shared by what `npm start` and `npm test` do first. */
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Builds every package that changed; answers what went wrong, or nothing. */
export async function build() {
  const output = [];
  const code = await run(
    'node',
    ['node_modules/nx/dist/bin/nx.js', 'run-many', '-t', 'build', '--outputStyle=static'],
    { output },
  );
  return code === 0 ? undefined : `the build failed:\n${output.join('')}`;
}

/** Ends with the command's exit code. In the foreground the child decides what a signal means; a terminal sends it Ctrl-C itself. */
export function run(program, programArgs, { foreground = false, output, cwd = ROOT, env = {} }) {
  return new Promise((resolve) => {
    const child = spawn(program, programArgs, {
      cwd,
      stdio: ['inherit', output === undefined ? 'inherit' : 'pipe', output === undefined ? 'inherit' : 'pipe'],
      env: { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false', ...env },
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(String(chunk)));
    if (foreground) {
      process.on('SIGTERM', () => child.kill('SIGTERM'));
      process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
    }
    child.once('error', (error) => {
      say(String(error));
      resolve(127);
    });
    child.once(output === undefined ? 'exit' : 'close', (code) => resolve(code ?? 1));
  });
}
