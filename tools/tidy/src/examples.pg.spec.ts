import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { testDatabase } from '@postlog/core/testing';

const EXAMPLE = new URL('./examples/first-message.ts', import.meta.url);
const README = new URL('../../../README.md', import.meta.url);

describe('the first example of the README', () => {
  it('is the file that is compiled with the rest', () => {
    expect(readFileSync(README, 'utf8')).toContain(readFileSync(EXAMPLE, 'utf8'));
  });

  it('stores a message and reads it again', async () => {
    const { url, drop } = await testDatabase();
    const said: string[] = [];
    const log = jest.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
    process.env['DATABASE_URL'] = url;
    await import('./examples/first-message.js');
    log.mockRestore();
    expect(said).toEqual([
      expect.stringMatching(/^stored in partition [0-3] at offset 0$/),
      'customer-1 ordered {"item":"tea","total":450}',
    ]);
    await drop();
  });
});
