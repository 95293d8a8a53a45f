import { idempotencyKey } from './idempotency-key.js';

it('an idempotency key names group, topic, partition and offset', () => {
  expect(idempotencyKey('billing', 'orders', 3, '17')).toBe('billing:orders:3:17');
  expect(idempotencyKey(null, 'orders', 3, '17')).toBe(':orders:3:17');
});
