import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { databaseWithSchema } from '@postlog/core/testing';

/** Where each example is shown, and what it says when it runs. */
const EXAMPLES: readonly [name: string, page: string, said: readonly unknown[]][] = [
  [
    'first-message',
    'README.md',
    [expect.stringMatching(/^stored in partition [0-3] at offset 0$/), 'customer-1 ordered {"item":"tea","total":450}'],
  ],
  ['groups', 'docs/guide/groups.md', ['Stable, 1 member, uniform']],
  [
    'publish-in-a-transaction',
    'docs/guide/publish-in-a-transaction.md',
    ['there is a purchase 1 already', 'shipped: cake, tea'],
  ],
  ['exactly-once', 'docs/guide/exactly-once.md', ['3 calls, balance 42, receipts for 30 and 12']],
  [
    'retries-and-dead-letters',
    'docs/guide/retries-and-dead-letters.md',
    ['booked 450 and 120', '0:0: bob, NonRetriableError: this is no invoice (1)', '1 purged, 0 requeued'],
  ],
  ['deliver-later', 'docs/guide/deliver-later.md', ['cancelled an hour before: true', 'reminded: noah, mia']],
];

describe.each(EXAMPLES)('the example %s', (name, page, expected) => {
  it('is the code that its page shows', () => {
    const code = readFileSync(new URL(`./examples/${name}.ts`, import.meta.url), 'utf8');
    expect(readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8')).toContain(code);
  });

  it('does what its page says', async () => {
    const { url, drop } = await databaseWithSchema();
    const said: string[] = [];
    const log = jest.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
    process.env['DATABASE_URL'] = url;
    await import(`./examples/${name}.js`);
    log.mockRestore();
    expect(said).toEqual(expected);
    await drop();
  });
});
