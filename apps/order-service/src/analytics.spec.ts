import { Analytics } from './analytics.js';
import { PlaceOrderPipe } from './place-order.dto.js';
import { readConfig } from './config.js';
import { RequeuePipe } from './requeue.dto.js';
import type { OrderPlaced } from './topics.js';

const order = (orderId: string, customer: string, sequence: number): OrderPlaced => ({
  orderId,
  customer,
  sequence,
  run: 'r',
  email: 'a@b.example',
  item: 'tea',
  total: 1,
});

describe('analytics', () => {
  it('counts orders once, and those of a customer that come out of order', () => {
    const analytics = new Analytics();
    const events = [order('1', 'a', 1), order('2', 'b', 1), order('3', 'a', 3), order('4', 'a', 2), order('1', 'a', 1)];
    for (const event of events) analytics.record(event);
    expect(analytics.figures('r')).toEqual({ orders: 4, outOfOrder: 1, customers: 2 });
    expect(analytics.figures('another run')).toEqual({ orders: 0, outOfOrder: 0, customers: 0 });
  });
});

describe('the body of POST /orders', () => {
  const good = { customer: 'ada', email: 'ada@example.com', item: 'tea', total: 500 };

  it('is taken when it is right', () => {
    expect(new PlaceOrderPipe().transform(good)).toEqual({ ...good, run: 'by hand' });
  });

  it.each([
    [{ ...good, email: 'nonsense' }, 'email'],
    [{ ...good, total: '5' }, 'total'],
    [{ ...good, total: -1 }, 'total'],
    [{ ...good, item: ' ' }, 'item'],
    [{ ...good, discount: 1 }, 'discount'],
    ['text', 'object'],
    [null, 'object'],
  ])('%j is refused by name', (body, name) => {
    const refuse = () => new PlaceOrderPipe().transform(body);
    expect(refuse).toThrow(
      expect.objectContaining({
        response: expect.objectContaining({ message: [expect.stringContaining(name)] }) as unknown,
      }),
    );
  });
});

describe('the body of POST /dead-letters/requeue', () => {
  it('names dead letters', () => {
    expect(new RequeuePipe().transform({ ids: ['0-1'] })).toEqual({ ids: ['0-1'] });
    for (const body of [{}, { ids: [] }, { ids: [1] }, { ids: ['0-1'], all: true }, null])
      expect(() => new RequeuePipe().transform(body)).toThrow('as GET /dead-letters names them');
  });
});

describe('the environment', () => {
  it('has defaults, and errors that name the variable', () => {
    expect(readConfig({ DATABASE_URL: 'postgres://h/d' })).toMatchObject({ PORT: 3000, PARTITIONS: 4 });
    expect(() => readConfig({ PORT: 'x' })).toThrow(/DATABASE_URL: is missing.*\n.*PORT: is no number/);
  });
});
