import type { BrokerId, RegisteredBroker } from '../cluster/cluster-image.js';
import { offset } from '../record/offset.js';
import { joinOffset, proposeIsr } from './in-sync-replicas.js';
import type { FollowerState, LedPartition } from './replica-store.js';

const LAG_MS = 30_000;

const follower = (brokerId: BrokerId, end: number, caughtUpAgoMs: number, brokerEpoch = 1): FollowerState => ({
  brokerId,
  brokerEpoch,
  logEndOffset: offset(end),
  caughtUpAgoMs,
});

/** Broker 1 leads three replicas: epoch 5 began at 4, the high watermark is 6, the log ends at 10. */
const led = (followers: readonly FollowerState[], other: Partial<LedPartition> = {}): LedPartition => ({
  topicId: 'orders',
  partition: 0,
  partitionId: 1,
  leader: 1,
  leaderEpoch: 5,
  partitionEpoch: 9,
  replicas: [3, 1, 2],
  isr: [1, 2, 3],
  minIsr: 2,
  pendingIsr: null,
  logStartOffset: offset(0),
  logEndOffset: offset(10),
  highWatermark: offset(6),
  lastEpoch: 5,
  epochStartOffset: offset(4),
  followers,
  ...other,
});

const broker = (brokerId: BrokerId, other: Partial<RegisteredBroker> = {}): RegisteredBroker => ({
  brokerId,
  rack: null,
  address: '',
  identity: { systemIdentifier: String(brokerId), timelineId: 1, incarnation: 1, flushedWal: '0' },
  brokerEpoch: 1,
  state: 'active',
  ...other,
});
const brokers = (...list: readonly RegisteredBroker[]) => new Map(list.map((each) => [each.brokerId, each]));
const all = brokers(broker(1), broker(2), broker(3));
const propose = (partition: LedPartition, registered = all) => proposeIsr(partition, registered, LAG_MS);

describe('the ISR shrinks', () => {
  it('by a member that is behind and was not caught up for too long', () => {
    expect(propose(led([follower(2, 10, 0), follower(3, 9, LAG_MS + 1)]))).toEqual([1, 2]);
  });

  it.each([
    ['is behind by any number of records but was caught up lately', follower(3, 0, LAG_MS)],
    ['stands at the leader’s end, however long ago that was', follower(3, 10, Infinity)],
  ])('by nobody who %s', (_what, other) => {
    expect(propose(led([follower(2, 10, 0), other]))).toBeUndefined();
  });

  it('by a member of which nothing is known', () => {
    expect(propose(led([follower(2, 10, 0)]))).toEqual([1, 2]);
  });

  it('to the leader, which stays', () => {
    expect(propose(led([]))).toEqual([1]);
  });
});

describe('the ISR grows', () => {
  const outside = { isr: [1, 2] };

  it('by a follower that reached the high watermark, in the order of assignment', () => {
    expect(propose(led([follower(2, 10, 0), follower(3, 6, Infinity)], outside))).toEqual([3, 1, 2]);
  });

  it('by nobody who is below the high watermark', () => {
    expect(propose(led([follower(2, 10, 0), follower(3, 5, 0)], outside))).toBeUndefined();
  });

  it('by nobody who is below the start of the leader’s epoch, although the mark is below it too', () => {
    const justElected = { ...outside, highWatermark: offset(2) };
    expect(propose(led([follower(2, 10, 0), follower(3, 3, 0)], justElected))).toBeUndefined();
    expect(propose(led([follower(2, 10, 0), follower(3, 4, 0)], justElected))).toEqual([3, 1, 2]);
  });

  it.each([
    ['is not registered', brokers(broker(1), broker(2))],
    ['is fenced', brokers(broker(1), broker(2), broker(3, { state: 'fenced' }))],
    ['is shutting down', brokers(broker(1), broker(2), broker(3, { state: 'draining' }))],
    ['has registered again since it fetched', brokers(broker(1), broker(2), broker(3, { brokerEpoch: 2 }))],
  ])('by nobody who %s', (_what, registered) => {
    expect(propose(led([follower(2, 10, 0), follower(3, 10, 0)], outside), registered)).toBeUndefined();
  });

  it('by nobody who holds no replica', () => {
    const two = { replicas: [1, 2], isr: [1, 2] };
    expect(propose(led([follower(2, 10, 0), follower(3, 10, 0)], two))).toBeUndefined();
  });
});

describe('a change of the ISR', () => {
  it('may take one in and leave another out', () => {
    expect(propose(led([follower(2, 3, LAG_MS * 2), follower(3, 10, 0)], { isr: [1, 2] }))).toEqual([3, 1]);
  });

  it('waits for the one under way', () => {
    const pending = led([follower(2, 10, 0), follower(3, 0, Infinity)], { pendingIsr: [1, 2] });
    expect(propose(pending)).toBeUndefined();
  });
});

describe('the offset that must be reached to join', () => {
  it('is at or above what all members have, though a crash may have put the mark back', () => {
    expect(joinOffset(led([follower(2, 8, 0)], { isr: [1, 2], highWatermark: offset(0) }))).toBe(8n);
    expect(joinOffset(led([], { isr: [1] }))).toBe(10n);
  });

  it('is at or above the mark and the start of the epoch', () => {
    expect(joinOffset(led([follower(2, 3, 0)], { isr: [1, 2] }))).toBe(6n);
    expect(joinOffset(led([follower(2, 1, 0)], { isr: [1, 2], highWatermark: offset(0) }))).toBe(4n);
  });

  it.each([[[]], [[follower(2, -1, 0)]]])('is not known while a member was not heard of', (followers) => {
    expect(joinOffset(led(followers, { isr: [1, 2] }))).toBeUndefined();
  });
});
