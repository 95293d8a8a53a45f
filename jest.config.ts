/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

/**
 * Tests run from source: `@postlog/source` is the first condition of each package's `exports`,
 * so nothing has to be built. One Postgres serves all workers; each spec gets databases of its own.
 */
const specs = {
  rootDir: '.',
  roots: ['<rootDir>/packages', '<rootDir>/apps', '<rootDir>/tools'],
  testMatch: ['**/src/**/*.spec.ts'],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@postlog/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['/dist/', '/dist-cjs/', '/.nx/', '/.postlog/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
      },
    ],
  },
  globals: { nest: 12 },
  globalSetup: '<rootDir>/tools/jest/global-setup.mjs',
  globalTeardown: '<rootDir>/tools/jest/global-teardown.mjs',
} satisfies Config;

/** What depends on Nest, once more under Nest 11, which is in a workspace of its own. */
const nest11 = {
  ...specs,
  displayName: 'nest 11',
  globals: { nest: 11 },
  roots: ['<rootDir>/packages/nest-transport'],
  testMatch: ['**/{conformance,transport,enhancers,shutdown,request}.pg.spec.ts'],
  moduleNameMapper: {
    ...specs.moduleNameMapper,
    '^@nestjs/(common|core|microservices|platform-express|platform-fastify|terminus|testing)(/.*)?$':
      '<rootDir>/tools/nest-11/node_modules/@nestjs/$1$2',
  },
} satisfies Config;

/** Each spec file leaves modules behind in its worker (ES modules in `vm` contexts are not collected); a worker that has grown is replaced. */
const GROWN = '500MB';

const config: Config = {
  maxWorkers: 2,
  workerIdleMemoryLimit: GROWN,
  testTimeout: 30_000,
  projects: [specs, nest11],
};

export default config;
