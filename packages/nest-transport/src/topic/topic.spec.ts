import { object, pipe, string, email, type InferOutput } from 'valibot';
import { type } from 'arktype';
import { z } from 'zod';
import { checkValue } from './check-value.js';
import { TopicDirectory } from './topic-directory.js';
import { defineTopic, type PayloadOf, type Topic } from './topic.js';
import type { PostlogClient } from '../publish/postlog.client.js';
import type { PostlogProducer } from '../publish/postlog.producer.js';

interface OrderPlaced {
  readonly orderId: string;
  readonly total: number;
}

const ZodOrder = z.object({ orderId: z.string(), total: z.number().positive(), note: z.string().default('none') });
const ArkParcel = type({ to: 'string', grams: 'string.numeric.parse' });
const ValibotMail = object({ to: pipe(string(), email()) });

describe('a topic as a contract', () => {
  it('says how the topic is made, by Kafka’s names', () => {
    const topic = defineTopic<OrderPlaced>('orders', {
      partitions: 6,
      replicationFactor: 3,
      retention: '7d',
      settings: { 'cleanup.policy': 'compact' },
    });
    expect(topic.spec).toEqual({
      numPartitions: 6,
      replicationFactor: 3,
      configEntries: [
        { name: 'cleanup.policy', value: 'compact' },
        { name: 'retention.ms', value: '604800000' },
      ],
    });
    expect(defineTopic('kept', { retention: 'forever' }).spec.configEntries).toEqual([
      { name: 'retention.ms', value: '-1' },
    ]);
  });

  it.each([
    [{ partitons: 3 }, 'did you mean "partitions"?'],
    [{ retention: '7 days' }, "like '7d'"],
    [{ retention: '1d', settings: { 'retention.ms': '5' } }, 'give one of them'],
    [{ schema: {} }, 'no Standard Schema'],
    [{ format: 'xml' as never }, 'give one of json, text, bytes'],
  ])('refuses %j with the cure', (options, cure) => {
    expect(() => defineTopic('orders', options as object)).toThrow(cure);
  });

  it('checks with zod, valibot and arktype, naming fields and never values', () => {
    const placed = defineTopic('orders', { schema: ZodOrder });
    expect(checkValue(placed, { orderId: '1', total: 5 })).toEqual({ orderId: '1', total: 5, note: 'none' });
    expect(() => checkValue(placed, { orderId: 'secret-7', total: -1 })).toThrow(
      expect.objectContaining({ code: 'INVALID_RECORD', message: expect.stringMatching(/orders: total: /) as string }),
    );
    expect(() => checkValue(placed, { orderId: 'secret-7', total: -1 })).not.toThrow('secret-7');
    const mails = defineTopic('mails', { schema: ValibotMail });
    expect(() => checkValue(mails, { to: 'nobody' })).toThrow('mails: to: ');
    const parcels = defineTopic('parcels', { schema: ArkParcel });
    expect(checkValue(parcels, { to: 'Ada', grams: '40' })).toEqual({ to: 'Ada', grams: 40 });
    expect(() => checkValue(parcels, { to: 'Ada', grams: 40 })).toThrow('parcels: grams: ');
  });

  it('waits only for a schema that needs it', async () => {
    const late = defineTopic('late', { schema: z.string().refine((text) => Promise.resolve(text === 'yes')) as never });
    const checked = checkValue(late, 'no');
    expect(checked).toBeInstanceOf(Promise);
    await expect(checked).rejects.toThrow('does not fit the schema of late');
    await expect(checkValue(late, 'yes')).resolves.toBe('yes');
  });
});

describe('the directory of topics', () => {
  it('renames for the environment and finds contracts by name', () => {
    const directory = new TopicDirectory((name) => `test.${name}`);
    const orders = defineTopic<OrderPlaced>('orders');
    directory.declare(orders);
    directory.declare(orders);
    expect(directory.nameOf(orders)).toBe('test.orders');
    expect(directory.contractOf('orders')).toBe(orders);
    expect(directory.contractNamed('test.orders')).toBe(orders);
    expect(directory.contractOf('mails')).toBeUndefined();
    expect(() => directory.declare(defineTopic<OrderPlaced>('orders'))).toThrow('defined twice');
  });
});

/** Never called: the compiler is the test, and an error that does not come fails the type check. */
export function typesThatHold(producer: PostlogProducer, client: PostlogClient): void {
  const orders = defineTopic<OrderPlaced>('orders', { key: (order) => order.orderId });
  void producer.send(orders, { orderId: '1', total: 5 }, { key: 'another' });
  void producer.sendBatch(orders, [{ value: { orderId: '1', total: 5 } }]);
  void producer.send('orders', { anything: true });
  // @ts-expect-error A field is missing.
  void producer.send(orders, { orderId: '1' });
  // @ts-expect-error A field is of another type.
  void producer.sendBatch(orders, [{ value: { orderId: '1', total: '5' } }]);
  // @ts-expect-error The key is of a field that is not there.
  defineTopic<OrderPlaced>('orders', { key: (order) => order.customer as string });
  // @ts-expect-error The schema describes something else.
  defineTopic<OrderPlaced>('orders', { schema: ValibotMail });

  void client.emit(orders, { orderId: '1', total: 5 });
  void client.emit('orders', { anything: true });
  // @ts-expect-error A field is missing.
  void client.emit(orders, { total: 5 });
  const answer: Promise<{ readonly ok: boolean }> = client.request(orders, { orderId: '1', total: 5 });
  void client.request<{ readonly ok: boolean }>('orders', { anything: true });
  void client.request({ cmd: 'sum' }, [1, 2]);
  // @ts-expect-error A field is of another type.
  void client.request(orders, { orderId: 1, total: 5 });

  const byArk = defineTopic('parcels', { schema: ArkParcel });
  void producer.send(byArk, { to: 'Ada', grams: '40' });
  // @ts-expect-error The schema takes text and makes a number of it.
  void producer.send(byArk, { to: 'Ada', grams: 40 });
  const byZod = defineTopic('orders', { schema: ZodOrder });
  void producer.send(byZod, { orderId: '1', total: 5 });
  // @ts-expect-error A field is missing.
  void producer.send(byZod, { total: 5 });
  const received: PayloadOf<typeof byZod> = { orderId: '1', total: 5, note: 'always there' };
  // @ts-expect-error What is received has its defaults.
  const incomplete: PayloadOf<typeof byZod> = { orderId: '1', total: 5 };
  const byValibot: Topic<InferOutput<typeof ValibotMail>> = defineTopic('mails', { schema: ValibotMail });
  void [answer, received, incomplete, byValibot];
}
