import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The names that a process of its own gets from a package, by import and by require. */
export async function exportsOf(name: string): Promise<[imported: string[], required: string[]]> {
  const folder = fileURLToPath(new URL('../..', import.meta.url));
  const script = `
    const { createRequire } = await import('node:module');
    const both = [await import('${name}'), createRequire(process.cwd() + '/x.js')('${name}')];
    console.log(JSON.stringify(both.map((all) => Object.keys(all).sort())));`;
  const args = ['--no-warnings', '--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)('node', args, { cwd: folder });
  return JSON.parse(stdout) as [string[], string[]];
}

/** Resolves when Nest would end this process, which it does when all is done after a signal. */
export function killed(): Promise<void> {
  const kill = process.kill.bind(process);
  return new Promise((resolve) => {
    process.kill = () => {
      process.kill = kill;
      resolve();
      return true;
    };
  });
}
