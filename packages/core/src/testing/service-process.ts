import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

export interface ServiceProcessOptions {
  /** For messages. */
  readonly name: string;
  readonly script: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Gets all that the process prints, after what earlier ones printed. */
  readonly logFile: string;
  /** What the process prints when it is ready. */
  readonly readyWhen: string;
}

/** A Node program in a process of its own. */
export interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process says that it is ready; rejects with its last lines when it ends before. */
  readonly ready: Promise<void>;
  /** Resolves when the process has ended, wanted or not. */
  readonly ended: Promise<void>;
  /** Whether somebody here made it end. */
  readonly isExpectedToEnd: boolean;
  lastLines(): string;
  /** SIGTERM, and SIGKILL for one that does not end in time. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  continue(): void;
}

const STOP_DEADLINE_MS = 20_000;
const LINES_SHOWN = 15;

export function startServiceProcess(options: ServiceProcessOptions): ServiceProcess {
  const { name, script, args = [], env = {}, logFile, readyWhen } = options;
  mkdirSync(dirname(logFile), { recursive: true });
  const log = createWriteStream(logFile, { flags: 'a' });
  // A process group of its own: Ctrl-C in the terminal reaches only us, who stop things in order.
  const child = spawn(process.execPath, ['--enable-source-maps', script, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const printed: string[] = [];
  const lastLines = () => printed.join('').trimEnd().split('\n').slice(-LINES_SHOWN).join('\n');
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => log.end(resolve));
    child.once('error', () => log.end(resolve));
  });
  const ready = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        log.write(chunk);
        printed.push(chunk.toString());
        if (printed.length > 50) printed.shift();
        if (chunk.includes(readyWhen)) resolve();
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const how = signal ?? `exit code ${code}`;
      reject(new Error(`${name} ended (${how}) before it was ready; its last lines:\n${lastLines()}`));
    });
  });
  ready.catch(() => {});
  let isExpectedToEnd = false;
  const end = async (signal: NodeJS.Signals) => {
    isExpectedToEnd = true;
    child.kill('SIGCONT'); // A stopped process would not hear a SIGTERM.
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await ended;
    clearTimeout(timer);
  };
  return {
    name,
    pid: child.pid ?? 0,
    ready,
    ended,
    get isExpectedToEnd() {
      return isExpectedToEnd;
    },
    lastLines,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause: () => void child.kill('SIGSTOP'),
    continue: () => void child.kill('SIGCONT'),
  };
}
