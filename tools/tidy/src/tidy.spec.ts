import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lintConfig } from './lint-config.js';
import { ROOMS, TESTING_ROOM } from './rooms.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CORE = join(ROOT, 'packages/core');
const LONGEST_FILE = 300;

/** Every file below a folder, as paths from the root of the repository. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist', 'dist-cjs', '.git', '.nx', '.postlog'].includes(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [relative(ROOT, path)];
  });
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const sources = filesBelow(ROOT).filter((path) => /\.(ts|mjs|sql)$/.test(path));
const core = sources.filter((path) => path.startsWith('packages/core/src/'));
const isSpec = (path: string) => path.endsWith('.spec.ts');

describe('the tree', () => {
  it('has no file over 300 lines', () => {
    const long = sources.filter((path) => read(path).split('\n').length > LONGEST_FILE + 1);
    expect(long).toEqual([]);
  });

  it('has only rooms that are on the list, and no barrel inside a room', () => {
    const folders = readdirSync(join(CORE, 'src')).filter((name) => statSync(join(CORE, 'src', name)).isDirectory());
    expect(folders.sort()).toEqual([...ROOMS, TESTING_ROOM].sort());
    expect(core.filter((path) => /src\/.+\/index\.ts$/.test(path) && !path.includes(`/${TESTING_ROOM}/`))).toEqual([]);
  });

  it('has a lock file that names no place to download from', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved": "\w+:/);
  });

  it('has a lint file that was built from the list of rooms', () => {
    expect(JSON.parse(read('.oxlintrc.json'))).toEqual(JSON.parse(JSON.stringify(lintConfig())));
  });
});

describe('the rules of the rooms', () => {
  it('keeps SQL text in stores and in sql/', () => {
    const sql = /\/\* sql \*\/|text: [`'](select|insert|update|delete|with|vacuum) /;
    const strays = core.filter(
      (path) => !isSpec(path) && !/\.store\.ts$/.test(path) && !path.includes('/testing/') && sql.test(read(path)),
    );
    expect(strays).toEqual([]);
  });

  it('has a spec for every pure file that decides something', () => {
    const impure = /from '(\.\.\/(postgres|runtime|broker|client)\/|\.\/.*\.store\.js|\.\.\/.*\.store\.js|node:|pg)/;
    const specs = core.filter(isSpec).map((path) => read(path));
    const untested = core
      .filter(
        (path) =>
          /\/(errors|record|log|cluster|replication|group|outbox|delivery)\//.test(path) &&
          !isSpec(path) &&
          !path.endsWith('.store.ts'),
      )
      .filter((path) => /export (async )?(function|class|const)/.test(read(path)) && !impure.test(read(path)))
      .filter((path) => !specs.some((text) => text.includes(`/${path.split('/').at(-1)!.replace('.ts', '.js')}'`)));
    expect(untested).toEqual([]);
  });

  it('keeps time and chance out of everything but runtime/', () => {
    const calls = /(?<!String\()\b(Date\.now|setTimeout|setInterval|setImmediate|Math\.random|performance\.now)\(/;
    const strays = core.filter(
      (path) => !isSpec(path) && !/\/(runtime|testing)\//.test(path) && calls.test(read(path)),
    );
    expect(strays).toEqual([]);
  });
});

describe('migrations', () => {
  it('are never edited once released: their hashes stand in released.json', () => {
    const released = JSON.parse(read('packages/core/sql/released.json')) as Record<string, string>;
    for (const [name, sha256] of Object.entries(released)) {
      const actual = createHash('sha256')
        .update(read(`packages/core/sql/${name}.sql`))
        .digest('hex');
      expect({ name, sha256: actual }).toEqual({ name, sha256 });
    }
  });

  it('begin with a sentence that says what they are for', () => {
    const silent = sources.filter(
      (path) => /sql\/(migrations|functions|views)\//.test(path) && !/^-- [A-Z].+/.test(read(path)),
    );
    expect(silent).toEqual([]);
  });
});

describe('the specification pages', () => {
  it('name a test that exists in every row', () => {
    const titles = new Set(
      sources
        .filter(isSpec)
        .flatMap((path) =>
          [...read(path).matchAll(/(?:\b(?:it|describe)|\]|\.each\(\w+)\)?\(\s*['"`](.+?)['"`],/g)].map(
            (match) => match[1]!,
          ),
        ),
    );
    const pages = filesBelow(join(ROOT, 'docs')).filter((path) => /docs\/(spec\/|GUARANTEES)/.test(path));
    const missing = pages.flatMap((path) =>
      [...read(path).matchAll(/`test: (.+?)`/g)]
        .map((match) => match[1]!)
        .filter((title) => !titles.has(title))
        .map((title) => `${path}: ${title}`),
    );
    expect(missing).toEqual([]);
  });
});
