import { defineTopic } from '../topic/topic.js';
import { patternRoute } from './pattern-route.js';
import { errorBody, remoteError } from './remote-error.js';
import { cancelHeaders, readReply, readRequest, replyHeaders, requestHeaders } from './request-headers.js';

const request = { id: 'r', pattern: 'p', inbox: 'i', inboxPartition: 3, deadline: 1_000 };

describe('a request in headers', () => {
  it('is read as it was written', () => {
    expect(readRequest(requestHeaders(request))).toEqual({ kind: 'request', ...request });
    expect(readRequest(cancelHeaders('r'))).toEqual({ kind: 'cancel', id: 'r' });
  });

  it.each([
    [{}],
    [{ ...requestHeaders(request), 'postlog-inbox-partition': '-1' }],
    [{ ...requestHeaders(request), 'postlog-deadline': 'soon' }],
    [{ 'postlog-request': 'r' }],
  ])('is none in %j', (headers) => {
    expect(readRequest(headers)).toBeUndefined();
  });

  it('is answered only in its own inbox', () => {
    expect(readReply(replyHeaders(request, 'last'), 'i')).toEqual({ id: 'r', kind: 'last' });
    expect(readReply(replyHeaders(request, 'last'), 'another')).toBeUndefined();
    expect(readReply({ ...replyHeaders(request, 'last'), 'postlog-reply': 'nonsense' }, 'i')).toBeUndefined();
  });
});

describe('a pattern', () => {
  it('is the same text whatever the order of its keys', () => {
    expect(patternRoute({ b: [{ d: 1, c: 2 }], a: 'x' })).toBe(patternRoute({ a: 'x', b: [{ c: 2, d: 1 }] }));
    expect(patternRoute('orders.quote')).toBe('orders.quote');
    expect(patternRoute(defineTopic('orders.quote'))).toBe('orders.quote');
  });
});

describe('an error on its way back', () => {
  it.each([
    [
      { code: 'NO_STOCK', message: 'sold out', details: { left: 0 } },
      { message: 'sold out', code: 'NO_STOCK', details: { left: 0 } },
    ],
    [{ status: 'error', message: 'Internal server error' }, { message: 'Internal server error' }],
    ['only text', { message: 'only text' }],
    [new RangeError('too far'), { message: 'too far' }],
    [undefined, { message: 'the handler failed' }],
    [{ message: 'large', details: 1n }, { message: 'large' }],
  ])('keeps its message, code and details: %p', (thrown, expected) => {
    expect(errorBody(thrown)).toEqual({ code: undefined, details: undefined, ...expected });
    expect(remoteError(JSON.parse(JSON.stringify(errorBody(thrown))))).toMatchObject({
      name: 'RemoteError',
      ...expected,
    });
  });
});
