import { PostlogError } from '../errors/postlog-error.js';
import { offset } from '../record/offset.js';
import { verifyBatch } from '../record/record-batch.js';
import { senderWorld as world, turns, type Call } from '../testing/sender-world.js';

const led = (brokerId: number, leaderEpoch = 1) => ({ brokerId, leaderEpoch });
const headerOf = (call: Call | undefined) => verifyBatch(call!.batches[0]!.bytes);

describe('a sender', () => {
  it('sends each batch to whoever leads its partition, under that leader’s epoch', async () => {
    const { send, until } = world([led(1, 4), led(2, 7)]);
    const sent = [send(0), send(1)];
    const calls = await until(2);
    const seen = calls.map(({ brokerId, batches }) => [brokerId, batches[0]!.partitionId, batches[0]!.leaderEpoch]);
    expect(seen).toEqual([
      [1, 10, 4],
      [2, 11, 7],
    ]);
    for (const call of calls) call.answer([{ baseOffset: offset(5) }]);
    expect((await Promise.all(sent)).flat().map(({ baseOffset }) => baseOffset)).toEqual(['5', '5']);
  });

  it('is not held up by a leader that does not answer, where others lead', async () => {
    const { send, until } = world([led(1), led(1), led(1), led(2)]);
    void send(0);
    await until(1);
    void send(1);
    await until(2);
    void send(2);
    const sent = send(3);
    const calls = await until(3);
    expect(calls.map(({ brokerId }) => brokerId)).toEqual([1, 1, 2]);
    calls[2]!.answer([{ baseOffset: offset(0) }]);
    await sent;
  });

  it('is not held up by batches that are appended and wait for other replicas', async () => {
    const { send, until } = world([led(1), led(1), led(1)]);
    for (const partition of [0, 1]) {
      void send(partition);
      (await until(partition + 1))[partition]!.append([]);
    }
    void send(2);
    await until(3);
  });

  it('hears of a partition before the others of its request, and goes on with it', async () => {
    const { send, until } = world([led(1), led(1)]);
    const [first] = [send(0), send(1)];
    (await until(1))[0]!.append([{ baseOffset: offset(6) }]);
    expect((await first)![0]!.baseOffset).toBe('6');
    void send(0);
    const calls = await until(2);
    expect(calls[1]!.batches.map(({ partitionId }) => partitionId)).toEqual([10]);
  });

  it('sends a refused batch again as it was, as soon as it hears of the new leader', async () => {
    const { send, until, elect } = world([led(1)]);
    const sent = send(0);
    const [first] = await until(1);
    first!.answer([{ error: 'NOT_LEADER_OR_FOLLOWER' }]);
    await turns();
    elect(0, led(2, 2));
    const [, second] = await until(2);
    expect([second!.brokerId, second!.batches[0]!.leaderEpoch]).toEqual([2, 2]);
    expect(second!.batches[0]!.bytes.equals(first!.batches[0]!.bytes)).toBe(true);
    second!.answer([{ baseOffset: offset(9) }]);
    expect((await sent)[0]!.baseOffset).toBe('9');
  });

  it('rests before it asks the same leader again', async () => {
    const { send, until, clock, calls } = world([led(1)]);
    void send(0);
    (await until(1))[0]!.answer([{ error: 'NOT_ENOUGH_REPLICAS' }]);
    await turns();
    clock.advance(99);
    await turns();
    expect(calls).toHaveLength(1);
    clock.advance(1);
    await until(2);
  });

  it('stops waiting for a leader that was deposed, and heeds no late answer', async () => {
    const { send, until, elect } = world([led(1)]);
    const sent = send(0);
    const [first] = await until(1);
    elect(0, led(2, 2));
    const [, second] = await until(2);
    expect(second!.batches[0]!.bytes.equals(first!.batches[0]!.bytes)).toBe(true);
    first!.answer([{ baseOffset: offset(1) }]);
    await turns();
    second!.answer([{ baseOffset: offset(3) }]);
    expect((await sent)[0]!.baseOffset).toBe('3');
  });

  it('goes on with the partition’s next sequence after that', async () => {
    const { send, until, elect } = world([led(1)]);
    const sent = send(0);
    await until(1);
    elect(0, led(2, 2));
    (await until(2))[1]!.answer([{ baseOffset: offset(0) }]);
    await sent;
    void send(0);
    const calls = await until(3);
    expect(headerOf(calls[2])).toMatchObject({ producerId: 7n, producerEpoch: 0, baseSequence: 1 });
  });

  it('says unknown of a batch in doubt that has no sequence, and does not send it again', async () => {
    const { send, until, elect, calls } = world([led(1)], { isIdempotent: false });
    const sent = send(0);
    await until(1);
    elect(0, led(2, 2));
    await expect(sent).rejects.toMatchObject({ code: 'NOT_LEADER_OR_FOLLOWER', outcome: 'unknown' });
    await turns();
    expect(calls).toHaveLength(1);
  });

  it('says unknown of records that are stored on too few replicas when time is up', async () => {
    const { send, until, clock } = world([led(1)], { deliveryTimeoutMs: 150 });
    const sent = send(0);
    (await until(1))[0]!.answer([{ error: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', baseOffset: offset(4) }]);
    await turns();
    clock.advance(100);
    (await until(2))[1]!.answer([{ error: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', baseOffset: offset(4) }]);
    await expect(sent).rejects.toMatchObject({ code: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', outcome: 'unknown' });
  });

  it('says failed of a batch that nobody led all the time', async () => {
    const { send, clock } = world([undefined], { deliveryTimeoutMs: 1_000 });
    const sent = send(0).catch((error: unknown) => error);
    for (let n = 0; n < 12; n++) {
      await turns();
      clock.advance(100);
    }
    expect(await sent).toMatchObject({ code: 'LEADER_NOT_AVAILABLE', outcome: 'failed' });
  });

  it('says unknown when time is up before a leader has answered', async () => {
    const { send, until, clock } = world([led(1)], { deliveryTimeoutMs: 1_000 });
    const sent = send(0);
    await until(1);
    clock.advance(1_000);
    await expect(sent).rejects.toMatchObject({ code: 'REQUEST_TIMED_OUT', outcome: 'unknown' });
    void send(0);
    const [, next] = await until(2);
    expect(headerOf(next)).toMatchObject({ producerEpoch: 1, baseSequence: 0 });
  });

  it('waits for a leader that is yet to be elected', async () => {
    const { send, until, elect } = world([undefined]);
    const sent = send(0);
    await turns();
    elect(0, led(2));
    (await until(1))[0]!.answer([{ baseOffset: offset(0) }]);
    await sent;
  });

  it('asks who leads after a network error', async () => {
    const { state, send, until } = world([led(1)]);
    void send(0);
    (await until(1))[0]!.fail(new PostlogError('NETWORK_EXCEPTION', 'x', { outcome: 'unknown' }));
    await turns();
    expect(state.refreshes).toBe(1);
  });

  it('ends the batches of a topic that was deleted', async () => {
    const { state, send, until } = world([led(1)]);
    const sent = send(0);
    state.exists = false;
    (await until(1))[0]!.answer([{ error: 'UNKNOWN_TOPIC_OR_PARTITION' }]);
    await expect(sent).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION', outcome: 'failed' });
  });

  it('keeps batches of different acks apart', async () => {
    const { send, until } = world([led(1), led(1), led(1)]);
    void send(0, 1);
    void send(1, -1);
    void send(2, 1);
    const calls = await until(2);
    const seen = new Map(calls.map(({ acks, batches }) => [acks, batches.map(({ partitionId }) => partitionId)]));
    expect(seen).toEqual(
      new Map([
        [1, [10, 12]],
        [-1, [11]],
      ]),
    );
  });

  it('listens no more once it is closed', () => {
    const { sender, listeners } = world([led(1)]);
    expect(listeners.size).toBe(1);
    sender.close();
    expect(listeners.size).toBe(0);
  });
});
