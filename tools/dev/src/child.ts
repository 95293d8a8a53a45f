import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** A service in a process of its own; its output goes to a log file. */
export interface Child {
  readonly name: string;
  /** Resolves when the service says that it is ready. */
  readonly ready: Promise<void>;
  /** Resolves when the process has ended, wanted or not. */
  readonly ended: Promise<void>;
  readonly lastLines: () => string;
  isExpectedToEnd: boolean;
  /** SIGTERM, and SIGKILL for one that does not end in time. */
  stop(): Promise<void>;
  kill(): void;
}

const STOP_DEADLINE_MS = 15_000;

export function startChild(
  name: string,
  options: { script: string; env: Record<string, string>; logDir: string },
): Child {
  mkdirSync(options.logDir, { recursive: true });
  const log = createWriteStream(join(options.logDir, `${name}.log`));
  // A process group of its own: Ctrl-C in the terminal reaches only us, who stop things in order.
  const child = spawn(process.execPath, ['--enable-source-maps', options.script], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const lines: string[] = [];
  let onReady = () => {};
  const ready = new Promise<void>((resolve, reject) => {
    onReady = resolve;
    child.once('exit', (code, signal) =>
      reject(new Error(`${name} ended (${signal ?? `exit code ${code}`}) before it was ready`)),
    );
    child.once('error', reject);
  });
  ready.catch(() => {});
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log.write(chunk);
      lines.push(chunk.toString());
      if (lines.length > 50) lines.shift();
      if (chunk.includes('is ready')) onReady();
    });
  }
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      log.end();
      resolve();
    });
    child.once('error', () => resolve());
  });
  const handle: Child = {
    name,
    ready,
    ended,
    lastLines: () => lines.join('').split('\n').slice(-15).join('\n'),
    isExpectedToEnd: false,
    stop: async () => {
      handle.isExpectedToEnd = true;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
      await ended;
      clearTimeout(timer);
    },
    kill: () => {
      handle.isExpectedToEnd = true;
      child.kill('SIGKILL');
    },
  };
  return handle;
}
