import { checkMessage } from './check-message.js';

const coded = (code: string) => expect.objectContaining({ name: 'PostlogError', code });
const INVALID_RECORD = coded('INVALID_RECORD');
const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;

describe('checkMessage', () => {
  it('tells null, empty and absent keys apart as Kafka does: absent is null', () => {
    expect(checkMessage({ value: 'v' }, 0).key).toBeNull();
    expect(checkMessage({ key: null, value: 'v' }, 0).key).toBeNull();
    expect(checkMessage({ key: '', value: 'v' }, 0).key).toBe('');
  });

  it.each([null, '', 'text', '\0', '📦', '{"a":1.0}', Buffer.from([0, 255]), new Uint8Array(0)])(
    'takes the value %p as it is',
    (value) => {
      expect(checkMessage({ value }, 0).value).toBe(value);
    },
  );

  it('takes exactly a view’s part of its memory', () => {
    const view = new Uint8Array(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2);
    expect(Buffer.from(checkMessage({ value: view }, 0).value as Uint8Array)).toEqual(Buffer.from([2, 3]));
  });

  it('copies shared memory, which another thread may change meanwhile', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(7);
    const { value } = checkMessage({ value: shared }, 0);
    shared.fill(8);
    expect(value).toEqual(Buffer.from([7, 7]));
  });

  it.each([
    ...[undefined, 1, 1n, true, Symbol('x'), () => 1, {}, cyclic, [], new Date(), new Map(), new String('x')],
    ...[new ArrayBuffer(2), new SharedArrayBuffer(2), new Uint16Array(2), new DataView(new ArrayBuffer(2)), '\ud800'],
    ...['a\udc00b', Promise.resolve('x')],
  ])('refuses the value %p, and the same as a key unless it is absent', (content) => {
    expect(() => checkMessage({ value: content }, 0)).toThrow(INVALID_RECORD);
    if (content !== undefined) expect(() => checkMessage({ key: content, value: null }, 0)).toThrow(INVALID_RECORD);
  });

  it('says which message it is and what would help', () => {
    expect(() => checkMessage({ value: { a: 1 } }, 3)).toThrow(
      '[INVALID_RECORD] messages[3]: value is an object; turn it into text with JSON.stringify, or give bytes.',
    );
    expect(() => checkMessage({ key: 'a' }, 0)).toThrow('or null for a tombstone');
  });

  it.each([undefined, null, 'text', 1, [], Buffer.from('x'), () => 1])('refuses the message %p', (message) => {
    expect(() => checkMessage(message, 0)).toThrow(INVALID_RECORD);
  });

  it('reads a getter once and is not changed by its owner afterwards', () => {
    const values: unknown[] = ['good', { bad: true }];
    const headers: Record<string, unknown> = { a: ['1'] };
    const given = {
      get value() {
        return values.shift();
      },
      headers,
    };
    const message = checkMessage(given, 0);
    headers['a'] = { bad: true };
    expect(message.value).toBe('good');
    expect(message.headers).toEqual(Object.assign(Object.create(null), { a: ['1'] }));
  });

  it('leaves out names that a message does not have, so that a consumed message can be sent on', () => {
    const consumed = { key: null, value: Buffer.from('v'), timestamp: '5', attributes: 0, offset: '9', headers: {} };
    expect(Object.keys(checkMessage(consumed, 0)).sort()).toEqual(['headers', 'key', 'timestamp', 'value']);
  });
});

describe('timestamp and partition', () => {
  it.each(['0', '1763978867000', '8640000000000000'])('takes the timestamp %s', (timestamp) => {
    expect(checkMessage({ value: null, timestamp }, 0).timestamp).toBe(timestamp);
  });

  it.each(['', '-1', '8640000000000001', '1.5', '1e3', ' 1', 'NaN', 'Infinity', 1, 1n, null, new Date(Number.NaN)])(
    'refuses the timestamp %p',
    (timestamp) => {
      expect(() => checkMessage({ value: null, timestamp }, 0)).toThrow(coded('INVALID_TIMESTAMP'));
    },
  );

  it('takes a partition that can exist and refuses others', () => {
    expect(checkMessage({ value: null, partition: 0 }, 0).partition).toBe(0);
    for (const partition of [-1, 1.5, Number.NaN, Infinity, '0', 2 ** 31, null]) {
      expect(() => checkMessage({ value: null, partition }, 0)).toThrow(coded('INVALID_PARTITIONS'));
    }
  });
});
