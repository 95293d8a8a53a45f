import { manualClock } from '../testing/manual-clock.js';
import { OwnPublications } from './own-publications.js';

const world = () => {
  const clock = manualClock();
  const unsequenced = new Set<string>();
  let looks = 0;
  const publications = new OwnPublications({
    clock,
    random: () => 0.5,
    unsequenced: (xids) => {
      looks += 1;
      return Promise.resolve(new Set(xids.filter((xid) => unsequenced.has(xid))));
    },
  });
  return { clock, unsequenced, publications, looks: () => looks };
};
const of = (...partitionIds: number[]) => partitionIds.map((partitionId) => ({ partitionId }));
const isSettled = async (promise: Promise<void>) => {
  let settled = false;
  void promise.then(() => (settled = true));
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return settled;
};

describe("a process's own publications", () => {
  it('concern the partitions that they were for, until they are in the log', async () => {
    const { clock, unsequenced, publications } = world();
    unsequenced.add('7');
    publications.ended('7', [1, 2]);
    expect([publications.concerns(of(3)), publications.concerns(of(3, 2))]).toEqual([false, true]);
    const waiting = publications.untilSequenced(of(2));
    expect(await isSettled(waiting)).toBe(false);
    unsequenced.delete('7');
    clock.advance(10);
    await waiting;
    expect([publications.concerns(of(2)), publications.concerns(of(1))]).toEqual([false, true]);
  });

  it('are waited for by the last that ended for a partition', async () => {
    const { clock, unsequenced, publications } = world();
    unsequenced.add('8');
    publications.ended('7', [1]);
    publications.ended('8', [1]);
    const waiting = publications.untilSequenced(of(1));
    expect(await isSettled(waiting)).toBe(false);
    unsequenced.delete('8');
    clock.advance(10);
    await waiting;
  });

  it('cost nothing where there are none', async () => {
    const { publications, looks } = world();
    await publications.untilSequenced(of(1, 2, 3));
    expect([publications.concerns(of(1)), looks()]).toEqual([false, 0]);
  });

  it('are not waited for any longer when nobody brings them to the log', async () => {
    const { clock, unsequenced, publications } = world();
    unsequenced.add('7');
    publications.ended('7', [1]);
    const waiting = publications.untilSequenced(of(1));
    for (let ms = 0; ms < 6_000; ms += 50) {
      clock.advance(50);
      await isSettled(waiting);
    }
    await waiting;
    expect(publications.concerns(of(1))).toBe(false);
  });
});
