/**
 * Installs the packed packages into an empty Nest application outside of the repository, under each Nest that they promise to work
 * with, compiles it to ESM and to CommonJS, runs both, and compares what they say.
 *
 *     npm run packed                          as npm installs them: about a minute
 *     node tools/packed-app.mjs --smoke       their dependencies are those of the repository, Nest 12 alone: what `npm test` does
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packAll } from './packages.mjs';
import { ROOT, run } from './run.mjs';

const isSmoke = process.argv.includes('--smoke');
const NESTS = isSmoke ? ['12'] : ['12', '11'];
const FORMATS = { esm: ['module', '/dist/index.js'], cjs: ['commonjs', '/dist-cjs/index.js'] };
const EXPECTED = ['billing invoiced order 7', 'a quote of 70', 'UNKNOWN_TOPIC_OR_PARTITION', 'a log in memory took it'];
const COMPILER_OPTIONS = {
  module: 'nodenext',
  target: 'es2022',
  strict: true,
  skipLibCheck: true,
  types: ['node'],
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

const startedAt = Date.now();
const { startEmbeddedPostgres } = await import(join(ROOT, 'packages/core/dist/testing/index.js'));
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'postlog-packed-')));
let server;
try {
  const tarballs = await packAll();
  server = await startEmbeddedPostgres();
  await Promise.all(NESTS.map((nest) => tryOut(nest, tarballs)));
  console.log(`packed packages work in an empty application (${Math.round((Date.now() - startedAt) / 1000)} s)`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** One installation, and the application in it in both formats. */
async function tryOut(nest, tarballs) {
  const home = join(folder, `nest-${nest}`);
  mkdirSync(home);
  await (isSmoke ? unpack(home, tarballs) : install(home, nest, tarballs));
  for (const [format, [type, entry]] of Object.entries(FORMATS)) {
    const app = join(home, format);
    cpSync(join(ROOT, 'tools/packed-app'), app, { recursive: true });
    write(app, 'package.json', { name: `app-${format}`, private: true, type });
    write(app, 'tsconfig.json', { compilerOptions: COMPILER_OPTIONS });
    await command(app, 'node', [join(ROOT, 'node_modules/typescript/bin/tsc')]);
    const env = { DATABASE_URL: await server.createDatabase(`app_${nest}_${format}`) };
    const said = await command(app, 'node', ['--trace-warnings', 'main.js'], env);
    demand(`Nest ${nest}, ${format}`, said, EXPECTED.join('\n'));
    const resolve = format === 'esm' ? 'import.meta.resolve' : 'require.resolve';
    const script = `console.log(${resolve}('@postlog/nest-transport'))`;
    const where = await command(app, 'node', [`--input-type=${type}`, '--eval', script]);
    demand(`the build that ${format} gets`, where.slice(-entry.length), entry);
    const program = join(home, 'node_modules/@postlog/cli/bin/postlog.js');
    const listed = await command(home, 'node', [program, 'topics', 'list'], env);
    demand(`the command, Nest ${nest}`, listed.includes('orders'), true);
  }
}

async function install(home, nest, tarballs) {
  const nests = ['common', 'core', 'microservices', 'platform-express'].map((name) => [
    `@nestjs/${name}`,
    `^${nest}.0.0`,
  ]);
  const packed = tarballs.map(({ name, tarball }) => [`@postlog/${name}`, `file:${tarball}`]);
  const others = { '@types/node': '^20.19.0', 'reflect-metadata': '^0.2.0', rxjs: '^7.8.0' };
  const dependencies = { ...Object.fromEntries([...nests, ...packed]), ...others };
  write(home, 'package.json', { name: 'app', private: true, dependencies });
  await command(home, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** Without npm: the packages from their tarballs, each of their dependencies a link into the repository. */
async function unpack(home, tarballs) {
  const linked = new Set(['@nestjs/platform-express', '@types/node']);
  for (const { name, tarball } of tarballs) {
    const place = join(home, 'node_modules/@postlog', name);
    mkdirSync(place, { recursive: true });
    await command(home, 'tar', ['-xzf', tarball, '-C', place, '--strip-components=1']);
    const { dependencies, peerDependencies = {} } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
    for (const each of Object.keys({ ...dependencies, ...peerDependencies })) linked.add(each);
  }
  for (const name of [...linked].filter((each) => !each.startsWith('@postlog/'))) {
    const place = join(home, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), place);
  }
}

async function command(cwd, program, args, env = {}) {
  const output = [];
  const code = await run(program, args, { cwd, output, env });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} failed in ${cwd}:\n${output.join('')}`);
  return output.join('').trim();
}

function demand(what, actual, expected) {
  if (actual !== expected) throw new Error(`${what}: expected\n${expected}\nand got\n${actual}`);
}

function write(home, name, content) {
  writeFileSync(join(home, name), JSON.stringify(content));
}
