/**
 * Makes the CommonJS half of a package from the ESM half that tsc just built: `dist/x.js` becomes `dist-cjs/x.js`, each module for
 * itself, as far as the package's exports reach. Types need no translation: a `package.json` beside them says how to read them.
 *
 *     node ../../tools/build-cjs.mjs dist/index.js dist/testing/index.js          in the folder of the package
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const [FROM, TO] = ['dist', 'dist-cjs'];
const entries = process.argv.slice(2);
const common = { platform: 'node', target: 'node20.19', logLevel: 'warning' };

rmSync(TO, { recursive: true, force: true });
mkdirSync(TO);
writeFileSync(join(TO, 'package.json'), '{ "type": "commonjs" }\n');
cpSync(FROM, TO, { recursive: true, filter: (path) => !/\.js(\.map)?$/.test(path) });

const graph = { bundle: true, format: 'esm', packages: 'external', metafile: true, write: false, outdir: TO };
const { metafile } = await build({ ...common, ...graph, entryPoints: entries });
await build({
  ...common,
  entryPoints: Object.keys(metafile.inputs),
  outbase: FROM,
  outdir: TO,
  format: 'cjs',
  sourcemap: true,
  sourcesContent: false,
  define: { 'import.meta.url': '__moduleUrl' },
  banner: { js: '"use strict";\nconst __moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
});
