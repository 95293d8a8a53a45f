/** Rules that stand in SQL and in TypeScript: the same cases, the same answers. */
import { offset } from '../record/offset.js';
import { replicaWorld, type ReplicaWorld } from '../testing/replica-world.js';
import { FOLLOWER_PROGRESS_CASES } from './follower-progress.cases.js';
import { HIGH_WATERMARK_CASES } from './high-watermark.cases.js';
import { END_OF_EPOCH_CASES } from './leader-epochs.cases.js';

let world: ReplicaWorld;
let id: number;
beforeAll(async () => {
  world = await replicaWorld(1);
});
beforeEach(async () => {
  id = await world.begin();
});
afterAll(() => world.drop());

const sql = <Row>(text: string, parameters: readonly unknown[] = []) =>
  world.broker(1).database.query<Row>({ name: 'twin', text }, parameters);

describe('the high watermark in SQL', () => {
  it.each(HIGH_WATERMARK_CASES)('$title', async ({ input, expected }) => {
    await sql('delete from postlog.follower_progress');
    await sql('update postlog.broker set replica_lag_time_max_ms = $1', [input.replicaLagTimeMaxMs]);
    for (const { brokerId, logEndOffset, caughtUpAgoMs } of input.followers) {
      await sql(
        `insert into postlog.follower_progress (partition_id, broker_id, broker_epoch, leader_epoch, log_end_offset,
                                                leader_end_offset, fetched_at, caught_up_at)
         values ($1, $2, 1, 4, $3, $4, clock_timestamp(), clock_timestamp() - $5 * interval '1 ms')`,
        [
          id,
          brokerId,
          logEndOffset < 0n ? null : logEndOffset,
          // Above its own end, so that its last fetch alone does not say that it is caught up.
          offset(100),
          caughtUpAgoMs === Infinity ? null : caughtUpAgoMs,
        ],
      );
    }
    const { leader, logEndOffset, replicas, isr, pendingIsr, minIsr, current } = input;
    const [row] = await sql<{ mark: bigint }>(
      `select greatest($8, postlog.watermark_candidate_v1($1, $2, 4, $3, $4, $5, $6, $7))::bigint as mark`,
      [id, leader, logEndOffset, replicas, isr, pendingIsr, minIsr, current],
    );
    expect(row!.mark).toBe(expected);
  });
});

describe('the end of an epoch in SQL', () => {
  it.each(END_OF_EPOCH_CASES)('$title', async ({ epochs, logEndOffset, epoch, expected }) => {
    await sql('delete from postlog.leader_epoch where partition_id = $1', [id]);
    for (const { epoch: known, startOffset } of epochs)
      await sql('insert into postlog.leader_epoch values ($1, $2, $3)', [id, known, startOffset]);
    const [row] = await sql<{ known_epoch: number; end_offset: bigint }>(
      'select * from postlog.end_of_epoch_v1($1, $2, $3)',
      [id, epoch, logEndOffset],
    );
    expect({ epoch: row!.known_epoch, endOffset: row!.end_offset }).toEqual(expected);
  });
});

describe('how far a follower is, in SQL', () => {
  /** A second of the cases, here a minute, so that a slow machine changes nothing: everything that was noted is so much older. */
  const aSecondPasses = async () => {
    const ago = "- interval '1 minute'";
    await sql(
      `update postlog.follower_progress set fetched_at = fetched_at ${ago}, caught_up_at = caught_up_at ${ago}`,
    );
    await sql(`update postlog.follower_fetch set fetched_at = fetched_at ${ago}`);
  };

  it.each(FOLLOWER_PROGRESS_CASES)('$title', async ({ wasInSync, fetches }) => {
    await sql('delete from postlog.follower_fetch');
    await world.appoint({ leader: 1, leaderEpoch: 1, replicas: [1, 2], isr: wasInSync ? [1, 2] : [1] });
    let leaderEnd = 0;
    for (const fetch of fetches) {
      for (; leaderEnd < Number(fetch.leaderEnd); leaderEnd++) await world.append(1, ['x']);
      await aSecondPasses();
      const request = { partitionId: id, leaderEpoch: 1, fetchOffset: fetch.fetchOffset, lastEpoch: -1 };
      const [answer] = await world.broker(1).replicas.noteFetch({ brokerId: 2, brokerEpoch: 1 }, [request]);
      expect(answer!.error).toBeUndefined();
      const led = (await world.broker(1).replicas.listLed()).find(({ partitionId }) => partitionId === id);
      const { caughtUpAgoMs } = led!.followers.find(({ brokerId }) => brokerId === 2)!;
      if (fetch.caughtUpAt === null) expect(caughtUpAgoMs).toBe(Infinity);
      else expect(Math.floor(caughtUpAgoMs / 60_000)).toBe((fetch.now - fetch.caughtUpAt) / 1_000);
    }
  });
});
