import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Bench } from '../bench.js';

const READY_MS = 10_000;

/** Where a program is on the PATH, or undefined. */
export function onPath(program: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

export interface Server {
  /** What `attempt` answers as soon as it succeeds; an error when the server has ended or is not ready in time. */
  untilReady<T>(attempt: () => Promise<T>): Promise<T>;
  /** Ends it by its handle and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a server in a folder of its own, in a process group of its own: Ctrl-C reaches us only, who stop it in order. */
export async function startServer(
  program: string,
  onStop: Bench['onStop'],
  argsIn: (folder: string) => Promise<string[]> | string[],
): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'postlog-bench-'));
  onStop(() => rm(folder, { recursive: true, force: true }));
  const child = spawn(program, await argsIn(folder), { cwd: folder, stdio: 'ignore', detached: true });
  let end: string | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code) => resolve(void (end ??= `ended with code ${code}`)));
    child.once('error', (error) => resolve(void (end ??= error.message)));
  });
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  onStop(stop);
  return {
    stop,
    untilReady: async (attempt) => {
      for (const until = performance.now() + READY_MS; ;) {
        if (end !== undefined) throw new Error(`${program} ${end}`);
        try {
          return await attempt();
        } catch (error) {
          if (performance.now() > until) throw new Error(`${program} was not ready in time`, { cause: error });
          await new Promise((wake) => setTimeout(wake, 50));
        }
      }
    },
  };
}
