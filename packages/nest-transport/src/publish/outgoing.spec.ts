import { defineTopic } from '../topic/topic.js';
import { outgoingMessage } from './outgoing.js';
import { headerText, userMetadata } from './control-headers.js';

const orders = defineTopic<{ id: number }>('orders', { key: ({ id }) => `order-${id}` });

describe('a record on its way out', () => {
  it('has the key of its topic’s contract, unless it is given another', () => {
    expect(outgoingMessage(orders, { value: { id: 7 } })).toEqual({ key: 'order-7', headers: {}, value: '{"id":7}' });
    expect(outgoingMessage(orders, { value: { id: 7 }, key: 'mine' })).toMatchObject({ key: 'mine' });
    expect(outgoingMessage(orders, { value: { id: 7 }, key: null })).toMatchObject({ key: null });
    expect(outgoingMessage(undefined, { value: 'text' })).not.toHaveProperty('key');
  });

  it('carries its type in a header that no user can write', () => {
    expect(outgoingMessage(undefined, { value: 'x', type: 'order.placed', headers: { tenant: 'a' } })).toMatchObject({
      headers: { tenant: 'a', 'postlog-type': 'order.placed' },
    });
    expect(() => outgoingMessage(undefined, { value: 'x', headers: { 'Postlog-Type': 'mine' } })).toThrow(
      "the transport's own",
    );
  });
});

describe('headers on their way in', () => {
  it('are text, the first where there are several, and the transport’s own are no metadata', () => {
    const headers = { a: Buffer.from('1'), b: [Buffer.from('2'), Buffer.from('3')], 'postlog-type': Buffer.from('t') };
    expect([headerText(headers, 'a'), headerText(headers, 'b'), headerText(headers, 'c')]).toEqual([
      '1',
      '2',
      undefined,
    ]);
    expect(userMetadata(headers)).toEqual({ a: '1', b: '2' });
  });
});
