/// <reference lib="es2024.string" />
import {
  DEAD_LETTER_HEADERS_BYTES,
  deadLetterHeaders,
  describeError,
  originalHeaders,
  readDeadLetterHeaders,
  type DeadLetterOrigin,
} from './dead-letter-headers.js';

const origin: DeadLetterOrigin = {
  groupId: 'billing',
  topic: 'orders',
  partition: 3,
  offset: '9007199254740993',
  timestamp: '1700000000000',
  idempotencyKey: 'billing:orders:3:9007199254740993',
  attempts: 5,
  errorName: 'TypeError',
  errorMessage: 'größer als 1 €',
  handlerId: 'invoices',
};
/** As they come back from a log: bytes. */
const stored = (headers: ReturnType<typeof deadLetterHeaders>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value as string)]));

describe('the headers of a dead letter', () => {
  it('say where it came from, and come back as they were', () => {
    const key = Buffer.from([0, 255, 1]);
    const headers = deadLetterHeaders({ key, headers: { 'x-trace': 'abc' } }, origin);
    expect(headers['postlog-dlq-key']).toBe(key);
    expect(readDeadLetterHeaders(stored(headers))).toEqual(origin);
  });

  it('leave out what there is not', () => {
    const headers = deadLetterHeaders({ key: null, headers: {} }, { ...origin, handlerId: undefined });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['postlog-dlq-key', 'postlog-dlq-handler']));
    expect(readDeadLetterHeaders(stored(headers))?.handlerId).toBeUndefined();
  });

  it('keep those of the record, also several of one name, but none that pretends to be ours', () => {
    const own = {
      'x-trace': Buffer.from('abc'),
      many: ['a', 'b'],
      'postlog-dlq-topic': 'forged',
      'postlog-dlq-x': 'y',
    };
    const headers = deadLetterHeaders({ key: null, headers: own }, origin);
    expect(headers).toMatchObject({ 'x-trace': Buffer.from('abc'), many: ['a', 'b'], 'postlog-dlq-topic': 'orders' });
    expect(headers).not.toHaveProperty('postlog-dlq-x');
    expect(originalHeaders(headers)).toEqual({ 'x-trace': Buffer.from('abc'), many: ['a', 'b'] });
  });

  it('have room in a batch, whatever the error says', () => {
    const long = '€'.repeat(1_000_000);
    const key = Buffer.alloc(5_000);
    const headers = deadLetterHeaders(
      { key: key.subarray(0, 4_096), headers: {} },
      { ...origin, errorName: long, errorMessage: long },
    );
    const bytes = Object.entries(headers).reduce(
      (sum, [name, value]) => sum + name.length + Buffer.byteLength(value as string),
      0,
    );
    expect(bytes).toBeLessThan(DEAD_LETTER_HEADERS_BYTES);
    expect(deadLetterHeaders({ key, headers: {} }, origin)).not.toHaveProperty('postlog-dlq-key');
  });

  it.each(['topic', 'group', 'partition', 'offset', 'timestamp', 'attempts', 'idempotency-key'])(
    'are not those of a dead letter without its %s',
    (name) => {
      const headers = stored(deadLetterHeaders({ key: null, headers: {} }, origin));
      delete headers[`postlog-dlq-${name}`];
      expect(readDeadLetterHeaders(headers)).toBeUndefined();
    },
  );

  it('are not those of a dead letter when a number is none', () => {
    const headers = stored(deadLetterHeaders({ key: null, headers: {} }, origin));
    expect(readDeadLetterHeaders({ ...headers, 'postlog-dlq-partition': 'three' })).toBeUndefined();
  });
});

describe('what an error says of itself', () => {
  it('is its name, or its class where it has no name of its own', () => {
    class OrderGone extends Error {}
    expect(describeError(new OrderGone('17'))).toEqual({ errorName: 'OrderGone', errorMessage: '17' });
    expect(describeError(new TypeError('x')).errorName).toBe('TypeError');
  });

  it('is cut to what a header can hold, never within a character', () => {
    for (const text of ['😀'.repeat(2_000), `x${'😀'.repeat(2_000)}`, 'half a character: \ud800']) {
      const { errorMessage } = describeError(new Error(text));
      expect(errorMessage.length).toBeLessThanOrEqual(2_000);
      expect(errorMessage.isWellFormed()).toBe(true);
    }
  });
});
