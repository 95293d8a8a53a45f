import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Signals a Postgres server whole: the postmaster first, so that it starts nobody meanwhile, then everybody it has started.
 * Each backend has a process group of its own, so no group reaches them.
 */
export function signalServer(postmaster: number, signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
  if (signal === 'SIGKILL') signalOne(postmaster, 'SIGSTOP');
  else signalOne(postmaster, signal);
  for (const child of childrenOf(postmaster)) signalOne(child, signal);
  if (signal === 'SIGKILL') signalOne(postmaster, signal);
}

function childrenOf(parent: number): number[] {
  return [...parents()].filter(([, of]) => of === parent).map(([pid]) => pid);
}

/** Every process, and who started it. */
function parents(): Map<number, number> {
  if (process.platform !== 'linux') return parentsByPs();
  const found = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(name);
    if (parent !== undefined) found.set(Number(name), parent);
  }
  return found;
}

/** After the command's name, which stands in parentheses and may hold anything: state, then parent. */
function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // It has ended meanwhile.
  }
}

function parentsByPs(): Map<number, number> {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [pid, parent] = line.trim().split(/\s+/);
      return [Number(pid), Number(parent)];
    }),
  );
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}
