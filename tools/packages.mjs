/** The packages as npm would publish them. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './run.mjs';

const FOLDER = join(ROOT, 'node_modules', '.cache', 'postlog', 'tarballs');
const PACKAGES = ['core', 'nest-transport', 'cli'];

/** Packs what is built; answers each package's tarball. */
export async function packAll() {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const workspaces = PACKAGES.flatMap((name) => ['-w', `packages/${name}`]);
  const output = [];
  const code = await run('npm', ['pack', '--silent', ...workspaces, '--pack-destination', FOLDER], { output });
  if (code !== 0) throw new Error(`npm pack failed:\n${output.join('')}`);
  return PACKAGES.map((name, index) => ({ name, tarball: join(FOLDER, output.join('').trim().split(/\s+/)[index]) }));
}
