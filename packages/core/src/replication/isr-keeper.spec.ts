import type { RegisteredBroker } from '../cluster/cluster-image.js';
import { offset } from '../record/offset.js';
import { manualClock } from '../testing/manual-clock.js';
import { IsrKeeper, type IsrChange } from './isr-keeper.js';
import type { LedPartition } from './replica-store.js';

const LAG_MS = 3_000;
const FOLLOWER = { brokerId: 2, brokerEpoch: 5, logEndOffset: offset(10), caughtUpAgoMs: 0 };
const BROKER: RegisteredBroker = {
  brokerId: 2,
  rack: null,
  address: '',
  identity: { systemIdentifier: '2', timelineId: 1, incarnation: 1, flushedWal: '0' },
  brokerEpoch: 5,
  state: 'active',
};

/** A partition of which broker 2 is back where the leader is, and is not in sync yet. */
const led = (partitionId: number, given: Partial<LedPartition> = {}): LedPartition => ({
  topicId: 'orders',
  partition: partitionId,
  partitionId,
  leader: 1,
  leaderEpoch: 4,
  partitionEpoch: 7,
  replicas: [1, 2],
  isr: [1],
  minIsr: 2,
  pendingIsr: null,
  logStartOffset: offset(0),
  logEndOffset: offset(10),
  highWatermark: offset(8),
  lastEpoch: 4,
  epochStartOffset: offset(0),
  followers: [FOLLOWER],
  ...given,
});

function keeperOf(partitions: readonly LedPartition[]) {
  const clock = manualClock();
  const sent: string[][] = [];
  const errors: unknown[] = [];
  const told = { decided: 0, withdrawn: [] as number[] };
  const state = { partitions, isMade: (_change: IsrChange) => true, joinOffset: (_id: number) => offset(10) };
  const keeper = new IsrKeeper({
    own: {
      listLed: async () => [...state.partitions],
      proposeIsr: async (id) => state.joinOffset(id),
      withdrawIsr: async (id) => told.withdrawn.push(id) > 0,
    },
    authority: {
      brokers: () => new Map([[2, BROKER]]),
      changeIsr: async (changes) => {
        sent.push(changes.map(({ topicId, partition, isr }) => `${topicId}/${partition} ${isr.join()}`));
        return changes.map((change) => state.isMade(change));
      },
    },
    clock,
    replicaLagTimeMaxMs: LAG_MS,
    onDecided: () => (told.decided += 1),
    onError: (error) => errors.push(error),
  });
  return { keeper, clock, sent, errors, told, state };
}

describe('the keeper of the ISR', () => {
  it('sends the changes of a topic together, and says so before it turns to the next', async () => {
    const other = { topicId: '__consumer_offsets' };
    const { keeper, sent, told } = keeperOf([led(1), led(2, other), led(3), led(4, { isr: [1, 2] })]);
    await keeper.step();
    expect(sent).toEqual([['orders/1 1,2', 'orders/3 1,2'], ['__consumer_offsets/2 1,2']]);
    expect(told.decided).toBe(2);
  });

  it('settles what was refused, and nothing else', async () => {
    const { keeper, sent, state } = keeperOf([led(1), led(2)]);
    state.isMade = ({ partition, isr }) => partition === 1 || isr.length === 1;
    await keeper.step();
    expect(sent).toEqual([['orders/1 1,2', 'orders/2 1,2'], ['orders/2 1']]);
  });

  it('settles what another process has proposed, once', async () => {
    const { keeper, sent, state } = keeperOf([led(1, { pendingIsr: [1, 2] })]);
    state.isMade = () => false;
    await keeper.step();
    expect(sent).toEqual([['orders/1 1']]);
  });

  it('goes on with others when one cannot be noted', async () => {
    const { keeper, sent, errors, state } = keeperOf([led(1), led(2)]);
    state.joinOffset = (id) => {
      if (id === 1) throw new Error('gone');
      return offset(10);
    };
    await keeper.step();
    expect(sent).toEqual([['orders/2 1,2']]);
    expect(errors).toHaveLength(1);
  });

  it('settles all that it sent when it does not hear what became of it', async () => {
    const { keeper, sent, errors, told, state } = keeperOf([led(1), led(2)]);
    state.isMade = () => {
      throw new Error('no answer');
    };
    await keeper.step();
    expect(errors).toHaveLength(1);
    expect(told.decided).toBe(0);
    state.isMade = () => true;
    state.partitions = [led(1, { pendingIsr: [1, 2] }), led(2, { pendingIsr: [1, 2] })];
    await keeper.step();
    expect(sent[1]).toEqual(['orders/1 1', 'orders/2 1']);
  });

  it('waits until who joins is where all were, and takes it back when that takes too long', async () => {
    const { keeper, clock, sent, told, state } = keeperOf([led(1)]);
    state.joinOffset = () => offset(11);
    expect(await keeper.step()).toBe(true);
    state.partitions = [led(1, { pendingIsr: [1, 2] })];
    clock.advance(LAG_MS);
    expect(await keeper.step()).toBe(true);
    expect(told.withdrawn).toEqual([]);
    clock.advance(1);
    expect(await keeper.step()).toBe(false);
    expect(told.withdrawn).toEqual([1]);
    expect(sent).toEqual([]);
  });
});
