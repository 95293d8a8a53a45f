import { RouteTable } from './route-table.js';
import { recordHandler, requestHandler, type Handler, type HandlerDefinition } from './route.js';

interface Given extends Partial<Omit<Handler, 'call'>> {
  readonly topic?: string | RegExp;
  readonly group?: string;
  readonly concurrency?: number;
  readonly transaction?: boolean;
  readonly retry?: { readonly attempts: number };
}

let count = 0;
function definition({
  topic = 'orders',
  group = 'g',
  concurrency,
  transaction,
  retry,
  ...handler
}: Given = {}): HandlerDefinition {
  return {
    topic,
    group,
    isPerInstance: false,
    settings: {
      fromBeginning: true,
      concurrency,
      keyConcurrency: undefined,
      transaction,
      retry,
      onExhausted: undefined,
      maxParked: undefined,
    },
    handler: {
      name: `Class.m${++count}`,
      id: undefined,
      call: () => Promise.resolve(),
      takes: 'records',
      types: undefined,
      pattern: undefined,
      batchSize: 1,
      batchWaitMs: 0,
      timeoutMs: undefined,
      contract: undefined,
      ...handler,
    } as Handler,
  };
}

function tableOf(...given: Given[]): RouteTable {
  const table = new RouteTable();
  for (const each of given) table.add(definition(each));
  return table;
}

describe('the table of subscriptions', () => {
  it('is one subscription for each topic and group', () => {
    const table = tableOf({}, { group: 'h' }, { topic: 'mails' }, { types: ['a'] });
    expect(table.all.map(({ topic, group, handlers }) => [topic, group, handlers.length])).toEqual([
      ['orders', 'g', 2],
      ['orders', 'h', 1],
      ['mails', 'g', 1],
    ]);
  });

  it.each<[string, Given, Given, string]>([
    ['two handlers of one topic and group', {}, {}, 'two handlers subscribe to orders in group g'],
    ['two handlers of one type', { types: ['a', 'b'] }, { types: ['b'] }, 'type "b" of orders'],
    ['a batch handler beside another', { takes: 'batches' }, { types: ['a'] }, 'two handlers subscribe'],
    [
      'two answers to one request',
      { takes: 'requests', pattern: 'p' },
      { takes: 'requests', pattern: 'p' },
      'requests p',
    ],
    ['two handlers of one id', { id: 'x' }, { id: 'x', group: 'h' }, 'the id "x"'],
    ['a pattern over another’s topic', { topic: /^ord/ }, {}, 'overlaps with'],
    [
      'settings that differ',
      { types: ['a'], concurrency: 2 },
      { types: ['b'], concurrency: 3 },
      'differ in concurrency',
    ],
    [
      'attempts that differ',
      { types: ['a'], retry: { attempts: 1 } },
      { types: ['b'], retry: { attempts: 2 } },
      'differ in retry: {"attempts":1} and {"attempts":2}',
    ],
    ['a transaction for one of two', { types: ['a'], transaction: true }, { types: ['b'] }, 'transaction: true'],
  ])('refuses %s', (_title, one, other, message) => {
    expect(() => tableOf(one, other)).toThrow(message);
  });

  it.each<[string, Given, Given]>([
    ['a pattern in another group', { topic: /^ord/ }, { group: 'h' }],
    ['a type beside the rest', { types: ['a'] }, {}],
    ['requests beside records', { takes: 'requests', pattern: 'p' }, {}],
    ['requests of two patterns', { takes: 'requests', pattern: 'p' }, { takes: 'requests', pattern: 'q' }],
    ['a setting that is given once', { types: ['a'], concurrency: 2 }, { types: ['b'] }],
  ])('takes %s', (_title, one, other) => {
    expect(tableOf(one, other).all.flatMap(({ handlers }) => handlers)).toHaveLength(2);
  });
});

describe('the handler of a record', () => {
  it('is the one of its type, else the one without', () => {
    const [route] = tableOf({ types: ['a'] }, {}, { takes: 'requests', pattern: 'p' }).all;
    const [typed, rest, answers] = route!.handlers;
    expect(recordHandler(route!, 'a')).toBe(typed);
    expect(recordHandler(route!, 'b')).toBe(rest);
    expect(recordHandler(route!, undefined)).toBe(rest);
    expect(requestHandler(route!, 'p')).toBe(answers);
    expect(requestHandler(route!, 'q')).toBeUndefined();
  });

  it('is nobody where nobody takes its type', () => {
    const [route] = tableOf({ types: ['a'] }).all;
    expect(recordHandler(route!, 'b')).toBeUndefined();
    expect(recordHandler(route!, undefined)).toBeUndefined();
  });
});
