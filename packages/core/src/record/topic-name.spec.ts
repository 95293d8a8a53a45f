import { checkGroupId, checkTopicName, collidesInMetrics } from './topic-name.js';

describe('checkTopicName', () => {
  it.each([
    'a',
    'orders.v1',
    '__internal',
    '__proto__',
    'constructor',
    'select',
    'pg_class',
    '-',
    '...',
    'x'.repeat(249),
  ])('accepts %s', (name) => {
    expect(checkTopicName(name)).toBe(name);
  });

  it.each([
    ...[
      '',
      '.',
      '..',
      'x'.repeat(250),
      ' orders',
      'orders ',
      'a\tb',
      'orders\n',
      'a\0b',
      'größe',
      '📦',
      '\u202Eorders',
    ],
    ...[
      'o\u0440ders',
      '"; drop table x; --',
      '$1',
      ':name',
      '%I',
      '\\',
      '`',
      '../../x',
      '%2e%2e',
      'C:\\',
      'a/b',
      'a:b',
    ],
    ...[1, null, undefined, {}, ['orders'], Symbol('orders'), new String('orders'), { toString: () => 'orders' }],
  ])('refuses %p', (name) => {
    expect(() => checkTopicName(name)).toThrow(
      expect.objectContaining({ name: 'PostlogError', code: 'INVALID_TOPIC_EXCEPTION' }),
    );
  });

  it('does not repeat a name of 10 MB', () => {
    let message = '';
    try {
      checkTopicName('x'.repeat(10_000_000));
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('10000000 characters');
    expect(message.length).toBeLessThan(300);
  });
});

describe('checkGroupId', () => {
  it.each(['a', 'my group', 'größe', '📦', '__proto__', 'x'.repeat(249)])('accepts %s', (group) => {
    expect(checkGroupId(group)).toBe(group);
  });

  it.each(['', 'x'.repeat(250), 'a\0b', 'a\nb', '\u0085', '\ud800', 1, null, undefined, {}, Symbol('a')])(
    'refuses %p',
    (group) => {
      expect(() => checkGroupId(group)).toThrow(
        expect.objectContaining({ name: 'PostlogError', code: 'INVALID_GROUP_ID' }),
      );
    },
  );
});

describe('collidesInMetrics', () => {
  it.each([
    ['a.b', 'a_b', true],
    ['a.b_c', 'a_b.c', true],
    ['a.b', 'a.b', true],
    ['a.b', 'a-b', false],
    ['Orders', 'orders', false],
  ])('%s and %s: %p', (first, second, expected) => {
    expect(collidesInMetrics(first, second)).toBe(expected);
  });
});
