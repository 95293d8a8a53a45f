import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError, type Outcome } from '../errors/postlog-error.js';
import { aftermathOf, type FailedAttempt } from './produce-outcome.js';

const failed = (code: ErrorCode, outcome: Outcome = 'failed', other: Partial<FailedAttempt> = {}) =>
  aftermathOf({
    error: new PostlogError(code, 'x', { outcome }),
    isAppended: false,
    wasInDoubt: false,
    isIdempotent: true,
    retryAt: 10,
    deadline: 20,
    ...other,
  });

describe('after a failed attempt', () => {
  it.each<ErrorCode>([
    'NOT_LEADER_OR_FOLLOWER',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_LEADER_EPOCH',
    'NOT_ENOUGH_REPLICAS',
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'LEADER_NOT_AVAILABLE',
    'BROKER_NOT_AVAILABLE',
    'NETWORK_EXCEPTION',
  ])('of %s the batch is sent again, to whoever leads by then', (code) => {
    expect(failed(code)).toEqual({ isInDoubt: false, isRepeated: true, asksWhoLeads: true });
  });

  it.each<ErrorCode>(['MESSAGE_TOO_LARGE', 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'INVALID_PRODUCER_EPOCH'])(
    'of %s the batch ends, since a repeat cannot help',
    (code) => {
      expect(failed(code)).toEqual({ isInDoubt: false, isRepeated: false, asksWhoLeads: false });
    },
  );

  it('whose answer was lost the batch is in doubt, and sent again as it was', () => {
    expect(failed('NETWORK_EXCEPTION', 'unknown')).toMatchObject({ isInDoubt: true, isRepeated: true });
  });

  it('the doubt stays, whatever later attempts say', () => {
    expect(failed('NOT_LEADER_OR_FOLLOWER', 'failed', { wasInDoubt: true }).isInDoubt).toBe(true);
  });

  it('that stored the records on too few replicas the batch is in doubt', () => {
    const after = failed('NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'failed', { isAppended: true });
    expect(after).toMatchObject({ isInDoubt: true, isRepeated: true });
  });

  it('a batch in doubt is not repeated without idempotence: it could be stored twice', () => {
    expect(failed('NETWORK_EXCEPTION', 'unknown', { isIdempotent: false }).isRepeated).toBe(false);
    expect(failed('NOT_LEADER_OR_FOLLOWER', 'failed', { isIdempotent: false }).isRepeated).toBe(true);
  });

  it('whose repeat would come too late the batch ends', () => {
    expect(failed('NETWORK_EXCEPTION', 'failed', { retryAt: 20 }).isRepeated).toBe(false);
  });
});
