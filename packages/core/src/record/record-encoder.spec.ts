import fc from 'fast-check';
import type { Message } from './messages.js';
import { boundRecordBytes, estimateRecordBytes, writeRecord } from './record-encoder.js';

const content = fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array(), fc.constant(null));
const messages = fc.record(
  {
    key: content,
    value: content,
    headers: fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 }))),
  },
  { requiredKeys: ['value'] },
);

describe('a record', () => {
  it('never takes more room than was estimated, and the bound is never below the estimate', () => {
    fc.assert(
      fc.property(messages, fc.integer(), (message, offset) => {
        const estimate = estimateRecordBytes(message as Message);
        const buffer = Buffer.alloc(estimate + 64, 0xee);
        const end = writeRecord(buffer, 0, message as Message, {
          timestamp: 2 ** 41,
          offset: Math.abs(offset) % 2 ** 31,
        });
        expect(end).toBeLessThanOrEqual(estimate);
        expect(boundRecordBytes(message as Message)).toBeGreaterThanOrEqual(estimate);
        // Nothing is written behind it.
        expect(buffer.subarray(estimate).every((byte) => byte === 0xee)).toBe(true);
      }),
    );
  });
});
