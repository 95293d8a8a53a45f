import type { PublishEvent } from '../events.js';
import type { TransactionsHistory } from '../history.js';
import { codesOf, ending, GOOD, logging } from './good-history.js';
import { checkPublishing } from './publishing.js';

const [x1a, x1b, y1, x2] = GOOD.final.logs['orders']![0]!.values as [string, string, string, string];
const rowsWithout = (id: string) => ending({ published: GOOD.final.published.filter((row) => row.id !== id) });
const withEvent = (event: Pick<PublishEvent, 'type' | 'id'>): TransactionsHistory => ({
  ...GOOD,
  events: [...GOOD.events, { f: 'publish', workload: 'orders', at: 9_000, ...event }],
});
const another = { workload: 'orders', id: 'x:3', records: 1, amount: 0 } as const;

describe('rows and their records', () => {
  it('go together where everything is as promised', () => {
    expect(checkPublishing(GOOD)).toEqual([]);
  });

  it.each<[string, string[], TransactionsHistory]>([
    ['a row without its records', ['A1'], ending({ published: [...GOOD.final.published, another] })],
    ['a row without some of its records', ['A11'], logging('orders', x1a, y1, x2)],
    ['a record twice', ['A5', 'A9'], logging('orders', x1a, x1b, y1, y1, x2)],
    ['a record whose row was rolled back', ['A6'], logging('orders', x1a, x1b, y1, x2, 'y:2/0/0/0')],
    ['a record that was rolled back to a savepoint', ['A6'], logging('orders', x1a, x1b, y1, x2, 'x:2/4/0/0')],
    ['records without their row, which had committed', ['A6', 'A1'], rowsWithout('x:2')],
    ['a row whose transaction was rolled back', ['A6'], withEvent({ type: 'fail', id: 'x:2' })],
    ['transactions of one sender in another order', ['A9', 'A12'], logging('orders', x2, y1, x1a, x1b)],
    ['records of one transaction in another order', ['A9'], logging('orders', x1b, x1a, y1, x2)],
    ['a transaction whose records do not stand together', ['A10', 'A12'], logging('orders', x1a, y1, x1b, x2)],
    ['a transaction that had committed before another sent its last', ['A12'], logging('orders', y1, x1a, x1b, x2)],
    ['a transfer without its record', ['A1'], logging('transfers')],
  ])('are told apart: %s', (_, codes, history) => {
    expect(codesOf(checkPublishing(history))).toEqual(codes);
  });

  it('may come in any order where nobody knows that they had one', () => {
    const history = logging('orders', y1, x1a, x1b, x2);
    const events = history.events.filter((event) => event.f !== 'publish' || event.id !== 'x:1');
    expect(checkPublishing({ ...history, events })).toEqual([]);
  });
});
