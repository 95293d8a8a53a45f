import { offset } from '../record/offset.js';
import type { Watermark } from '../replication/watermark.store.js';
import { Purgatory } from '../runtime/purgatory.js';
import { manualClock } from '../testing/manual-clock.js';
import { WatermarkWaits } from './watermark-waits.js';

const FIRST_LOOK_MS = 50;
const POLL_MS = 100;
const DEADLINE_MS = 5_000;

/** Lets what was started run: the looks here answer at once. */
const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((done) => setImmediate(done));
};

function world({ isLive = true } = {}) {
  const clock = manualClock();
  const purgatory = new Purgatory<number>();
  const looks: string[] = [];
  const marks = new Map<number, number>();
  let failures = 0;
  const waits = new WatermarkWaits({
    look: async (partitionIds) => {
      looks.push(partitionIds.join());
      if (failures-- > 0) throw new Error('the database does not answer');
      const led = { role: 'leader', leaderEpoch: 1, isrSize: 3, minIsr: 2 } as const;
      return partitionIds.map((id): Watermark => ({
        ...led,
        partitionId: id,
        highWatermark: offset(marks.get(id) ?? 0),
      }));
    },
    clock,
    purgatory,
  });
  waits.setLive(isLive);
  const wait = (partitionId: number, requiredOffset: number, isAlone = false) => {
    const outcomes: unknown[] = [];
    const request = { partitionId, requiredOffset: offset(requiredOffset), leaderEpoch: 1, isAlone };
    void waits.wait(request, DEADLINE_MS).then((error) => outcomes.push(error ?? 'stored'));
    return outcomes;
  };
  const pass = async (ms: number) => {
    clock.advance(ms);
    await settle();
  };
  const hear = (partitionId: number, highWatermark: number, leaderEpoch = 1) =>
    waits.hear({ partitionId, leaderEpoch, highWatermark: offset(highWatermark) });
  return { purgatory, looks, marks, wait, pass, hear, failOnce: () => void (failures = 1) };
}

describe('a wait for all in-sync replicas', () => {
  it('looks once, when it is woken', async () => {
    const { purgatory, looks, marks, wait, pass } = world();
    const outcome = wait(7, 3);
    await pass(FIRST_LOOK_MS - 1);
    expect(looks).toEqual([]);
    marks.set(7, 3);
    purgatory.wake(7);
    await settle();
    expect({ looks, outcome }).toEqual({ looks: ['7'], outcome: ['stored'] });
  });

  it('looks soon without a wake-up: the mark may be there already', async () => {
    const { looks, marks, wait, pass } = world();
    marks.set(7, 3);
    const outcome = wait(7, 3);
    await pass(FIRST_LOOK_MS);
    expect({ looks, outcome }).toEqual({ looks: ['7'], outcome: ['stored'] });
  });

  it('does not look when it hears of a mark past its records, before it began or after', async () => {
    const { looks, wait, hear, pass } = world();
    hear(7, 3);
    const [early, late, other] = [wait(7, 3), wait(7, 4), wait(8, 1)];
    await settle();
    expect([early, late]).toEqual([['stored'], []]);
    hear(7, 5);
    await pass(FIRST_LOOK_MS - 1);
    expect({ early, late, other, looks }).toEqual({ early: ['stored'], late: ['stored'], other: [], looks: [] });
  });

  it.each([
    ['before the end of its records', 2, 1],
    ['of another epoch', 9, 2],
    ['of an earlier epoch', 9, 0],
  ])('is not answered by a mark %s', async (_, highWatermark, leaderEpoch) => {
    const { wait, hear } = world();
    hear(7, highWatermark, leaderEpoch);
    const outcome = wait(7, 3);
    hear(7, highWatermark, leaderEpoch);
    await settle();
    expect(outcome).toEqual([]);
  });

  it('looks at once where the leader is alone, since nobody tells', async () => {
    const { looks, wait } = world();
    wait(7, 3, true);
    await settle();
    expect(looks).toEqual(['7']);
  });

  it('looks at once where no wake-ups arrive', async () => {
    const { looks, wait } = world({ isLive: false });
    wait(7, 3);
    await settle();
    expect(looks).toEqual(['7']);
  });

  it('looks again and again while wake-ups are lost, however many others come meanwhile', async () => {
    const { looks, marks, wait, pass } = world();
    const outcome = wait(7, 3);
    await pass(FIRST_LOOK_MS);
    marks.set(7, 3);
    for (let passed = 0; passed < POLL_MS; passed += 5) {
      wait(8, 1_000);
      await pass(5);
    }
    expect(outcome).toEqual(['stored']);
    expect(looks.filter((look) => look.split(',').includes('7'))).toHaveLength(2);
  });

  it('answers everybody who waits for a partition that is looked at', async () => {
    const { purgatory, looks, marks, wait, pass } = world();
    const first = wait(7, 3);
    await pass(FIRST_LOOK_MS / 2);
    const [second, tooFar] = [wait(7, 4), wait(7, 9)];
    marks.set(7, 4);
    purgatory.wake(7);
    await settle();
    expect({ looks, first, second, tooFar }).toEqual({
      looks: ['7'],
      first: ['stored'],
      second: ['stored'],
      tooFar: [],
    });
  });

  it('goes on after a look that failed, and ends at its deadline', async () => {
    const { looks, wait, pass, failOnce } = world();
    failOnce();
    const outcome = wait(7, 3);
    await pass(FIRST_LOOK_MS);
    await pass(POLL_MS);
    expect({ looks, outcome }).toEqual({ looks: ['7', '7'], outcome: [] });
    await pass(DEADLINE_MS);
    expect(outcome).toEqual(['REQUEST_TIMED_OUT']);
  });
});
