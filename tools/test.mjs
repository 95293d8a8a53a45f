/**
 * What `npm test` does, after `tools/bootstrap.mjs` installed: types, lint, format, unused code, build, then every spec.
 * Ends with a line `N passed, N failed`, a step that is no spec counting as one.
 */
import { readFileSync, rmSync } from 'node:fs';
import { packAll } from './packages.mjs';
import { build, run } from './run.mjs';

const PROJECTS = [
  'packages/core',
  'packages/nest-transport',
  'packages/cli',
  'apps/order-service',
  'apps/email-service',
  'tools/dev',
  'tools/bench',
  'tools/faults',
  'tools/tidy',
];
const RESULTS = 'node_modules/.cache/postlog/jest-results.json';

const steps = [
  ...PROJECTS.map((project) => [
    `types of ${project}`,
    ['node_modules/typescript/bin/tsc', '-p', `${project}/tsconfig.json`],
  ]),
  ['lint', ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings']],
  ['format', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.']],
  ['unused files, exports and dependencies', ['node_modules/knip/bin/knip.js', '--no-progress']],
];

/** What npm would publish: the files of each package, and what TypeScript and Node make of them in either module format. */
function packaging(packages) {
  return packages.flatMap(({ name, tarball }) => [
    [`package ${name}`, ['node_modules/publint/src/cli.js', tarball, '--strict']],
    // A command has no types.
    ...(name === 'cli'
      ? []
      : [
          [
            `types of package ${name}`,
            ['node_modules/@arethetypeswrong/cli/dist/index.js', tarball, '--profile', 'strict', '--quiet'],
          ],
        ]),
  ]);
}

const startedAt = Date.now();
let passed = 0;
let failed = 0;
await check(steps);

const failure = await build();
if (failure === undefined) {
  passed += 1;
  await check(packaging(await packAll()));
  await check([['packed packages in an empty application', ['tools/packed-app.mjs', '--smoke']]]);
} else {
  failed += 1;
  console.log(failure);
}
console.log(`${passed} of ${passed + failed} checks of the code passed (${seconds()} s)`);
rmSync(RESULTS, { force: true });
const jest = [
  '--experimental-vm-modules',
  '--no-warnings',
  'node_modules/jest/bin/jest.js',
  '--json',
  `--outputFile=${RESULTS}`,
  ...process.argv.slice(3),
];
// The JSON goes to the file; what people read comes on standard error.
const code = await run('node', jest, {});
try {
  const { numPassedTests, numFailedTests, numFailedTestSuites, testResults } = JSON.parse(
    readFileSync(RESULTS, 'utf8'),
  );
  // A suite that could not even start has no failed test to count.
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length;
  passed += numPassedTests;
  failed += numFailedTests + broken;
  if (code !== 0 && numFailedTestSuites === 0) failed += 1;
} catch {
  failed += 1;
  console.log('jest did not finish');
}
console.log(`all of it took ${seconds()} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function check(list) {
  for (const [name, command] of list) {
    const output = [];
    const code = await run('node', command, { output });
    if (code === 0) passed += 1;
    else {
      failed += 1;
      process.stdout.write(`✗ ${name}\n${output.join('')}\n`);
    }
  }
}

function seconds() {
  return Math.round((Date.now() - startedAt) / 1000);
}
