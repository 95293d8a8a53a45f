import { ROOMS, TESTING_ROOM, type Room } from './rooms.js';

const CORE = 'packages/core/src';

interface Pattern {
  readonly group: readonly string[];
  readonly message: string;
}

/**
 * The whole of `.oxlintrc.json`. An override replaces a rule's options and does not add to them, so each room's entry lists
 * both the rooms to its right and the ban on `pg`.
 */
export function lintConfig(): object {
  return {
    $schema: './node_modules/oxlint/configuration_schema.json',
    plugins: ['typescript', 'import', 'unicorn', 'oxc'],
    categories: { correctness: 'error' },
    rules: {
      'import/no-cycle': 'error',
      'typescript/no-explicit-any': 'error',
      'typescript/no-floating-promises': ['error', { ignoreVoid: true }],
      'typescript/no-misused-promises': 'error',
      'typescript/consistent-return': 'off', // The compiler checks it, and knows closed unions.
      'typescript/unbound-method': 'off',
      'unicorn/prefer-string-starts-ends-with': 'off',
      'unicorn/no-useless-spread': 'off', // A copy is wanted where the loop changes what it walks.
      'unicorn/no-new-array': 'off',
    },
    overrides: [...ROOMS.map(roomOverride), testsOverride()],
    ignorePatterns: ['**/dist/**', '**/*.mjs', '.nx/**', '.postlog/**'],
  };
}

function roomOverride(room: Room): object {
  return {
    files: [`${CORE}/${room}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [...roomsToTheRight(room), ...(room === 'postgres' ? [] : [BAN_ON_PG])] },
      ],
    },
  };
}

const BAN_ON_PG: Pattern = {
  group: ['pg', 'pg-copy-streams'],
  message: 'Only postgres/ talks to the driver: add what is missing to its Database.',
};

function roomsToTheRight(room: Room): Pattern[] {
  const right = [...ROOMS.slice(ROOMS.indexOf(room) + 1), TESTING_ROOM];
  return right.map((other) => ({
    group: [`../${other}/*`, `../${other}/**`],
    message: `${room}/ is left of ${other}/: put the missing plain value into record/, or let ${room}/ own an interface.`,
  }));
}

/** Specs build their world with what is to the right, and with the driver. */
function testsOverride(): object {
  return { files: ['**/*.spec.ts', `${CORE}/${TESTING_ROOM}/**/*.ts`], rules: { 'no-restricted-imports': 'off' } };
}
