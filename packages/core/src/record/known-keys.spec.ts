import { checkKnownKeys, editDistance, nearestName } from './known-keys.js';

const KNOWN = ['acks', 'retries', 'lingerMs', 'compression'];

describe('checkKnownKeys', () => {
  it('accepts known names', () => {
    expect(() => checkKnownKeys({ acks: 'all', lingerMs: 0 }, KNOWN, 'producer()')).not.toThrow();
  });

  it('suggests the name that was meant', () => {
    expect(() => checkKnownKeys({ retires: 3 }, KNOWN, 'producer()')).toThrow(
      '[INVALID_CONFIG] unknown option "retires" of producer(); did you mean "retries"?',
    );
  });

  it('lists the names when none is near', () => {
    expect(() => checkKnownKeys({ colour: 'red' }, KNOWN, 'producer()')).toThrow(
      'known are acks, retries, lingerMs, compression.',
    );
  });

  it('refuses names of Object.prototype and long ones, quickly and briefly', () => {
    for (const name of ['constructor', 'toString', 'x'.repeat(10_000_000)]) {
      let message = '';
      try {
        checkKnownKeys({ [name]: 1 }, KNOWN, 'producer()');
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain('unknown option');
      expect(message.length).toBeLessThan(200);
    }
  });
});

describe('nearestName', () => {
  it.each([
    ['retires', 'retries'],
    ['LINGERMS', 'lingerMs'],
    ['compresion', 'compression'],
    ['ack', 'acks'],
    ['banana', undefined],
  ])('%s → %s', (name, expected) => {
    expect(nearestName(name, KNOWN)).toBe(expected);
  });
});

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['retires', 'retries', 1],
    ['same', 'same', 0],
  ])('%p to %p takes %d', (from, to, expected) => {
    expect(editDistance(from, to)).toBe(expected);
    expect(editDistance(to, from)).toBe(expected);
  });
});
