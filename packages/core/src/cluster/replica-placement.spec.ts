import fc from 'fast-check';
import { placeReplicas, type PlacementRequest } from './replica-placement.js';

type Brokers = PlacementRequest['brokers'];

const brokersOf = (racks: readonly (string | null)[]): Brokers => racks.map((rack, at) => ({ brokerId: at + 1, rack }));
const noRacks = (count: number) => brokersOf(Array.from({ length: count }, () => null));
/** So many racks of so many brokers, one rack after the other. */
const evenRacks = (racks: number, size: number) =>
  brokersOf(Array.from({ length: racks * size }, (_, at) => `rack-${Math.floor(at / size)}`));
const spreadOf = (brokers: Brokers, list: readonly number[]) => {
  const counts = brokers.map(({ brokerId }) => list.filter((each) => each === brokerId).length);
  return Math.max(...counts) - Math.min(...counts);
};
const leadersOf = (placed: readonly (readonly number[])[]) => placed.map(([leader]) => leader!);

const clusters = fc.oneof(
  fc.integer({ min: 1, max: 9 }).map(noRacks),
  fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }))
    .map(([racks, size]) => evenRacks(racks, size)),
);
const anyRacks = fc
  .array(fc.constantFrom('a', 'b', 'c', null), { minLength: 1, maxLength: 9 })
  .map((racks) => brokersOf(racks));
const factorFor = (brokers: Brokers) => fc.integer({ min: 1, max: Math.min(brokers.length, 5) });
const requests = (cluster: fc.Arbitrary<Brokers>) =>
  cluster.chain((brokers) =>
    fc.record({
      brokers: fc.constant(brokers),
      replicationFactor: factorFor(brokers),
      partitions: fc.integer({ min: 1, max: 25 }),
      start: fc.double({ min: 0, max: 0.999, noNaN: true }),
    }),
  );

describe('the placement of replicas', () => {
  it('puts no two replicas of a partition on one broker, and only on brokers that live', () => {
    fc.assert(
      fc.property(requests(anyRacks), ({ start, ...request }) => {
        const placed = placeReplicas({ ...request, random: () => start });
        expect(placed).toHaveLength(request.partitions);
        for (const replicas of placed) {
          expect(new Set(replicas).size).toBe(request.replicationFactor);
          expect(replicas.every((broker) => request.brokers.some(({ brokerId }) => brokerId === broker))).toBe(true);
        }
      }),
    );
  });

  it('uses no rack twice while another has none', () => {
    fc.assert(
      fc.property(requests(anyRacks), ({ start, ...request }) => {
        const rackOf = new Map(request.brokers.map(({ brokerId, rack }) => [brokerId, rack ?? `alone-${brokerId}`]));
        const racks = new Set(rackOf.values()).size;
        for (const replicas of placeReplicas({ ...request, random: () => start })) {
          const used = new Set(replicas.map((broker) => rackOf.get(broker)));
          expect(used.size).toBe(Math.min(racks, request.replicationFactor));
        }
      }),
    );
  });

  it('is even within one, in replicas and in leaders, also after partitions were added', () => {
    fc.assert(
      fc.property(requests(clusters), fc.nat(12), ({ start, ...request }, added) => {
        const first = placeReplicas({ ...request, random: () => start });
        const second = placeReplicas({ ...request, partitions: added, existing: first, random: () => 0.5 });
        expect(spreadOf(request.brokers, first.flat())).toBeLessThanOrEqual(1);
        expect(spreadOf(request.brokers, leadersOf(first))).toBeLessThanOrEqual(1);
        const all = [...first, ...second];
        expect(spreadOf(request.brokers, all.flat())).toBeLessThanOrEqual(1);
        // Leaders that are there stay, so now and then two is the best there is.
        expect(spreadOf(request.brokers, leadersOf(all))).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('spreads what one broker leads over most others, so that these share it when it dies', () => {
    const placed = placeReplicas({ brokers: noRacks(6), replicationFactor: 3, partitions: 60, random: () => 0 });
    for (const leader of [1, 2, 3, 4, 5, 6]) {
      const others = placed.filter(([first]) => first === leader).flatMap((replicas) => replicas.slice(1));
      expect(new Set(others).size).toBeGreaterThanOrEqual(4);
    }
  });

  it('begins where chance says, so that small topics do not all lie on the first brokers', () => {
    const firstOf = (start: number) =>
      placeReplicas({ brokers: noRacks(4), replicationFactor: 1, partitions: 1, random: () => start })[0];
    expect([0, 0.25, 0.5, 0.75].map(firstOf)).toEqual([[1], [2], [3], [4]]);
  });

  it('evens out what was uneven when brokers came', () => {
    const existing = [
      [1, 2],
      [2, 1],
      [1, 2],
      [2, 1],
    ];
    const placed = placeReplicas({
      brokers: noRacks(4),
      replicationFactor: 2,
      partitions: 4,
      existing,
      random: () => 0,
    });
    expect(spreadOf(noRacks(4), [...existing, ...placed].flat())).toBe(0);
    expect(spreadOf(noRacks(4), leadersOf([...existing, ...placed]))).toBe(0);
  });

  it.each([0, 4, 1.5])('refuses replication factor %d of 3 brokers, and says what to do', (replicationFactor) => {
    const place = () => placeReplicas({ brokers: noRacks(3), replicationFactor, partitions: 1, random: () => 0 });
    expect(place).toThrow(
      expect.objectContaining({
        code: 'INVALID_REPLICATION_FACTOR',
        message: expect.stringContaining('start more brokers, or ask for a factor from 1 to 3.') as string,
      }) as Error,
    );
  });

  it('places as many partitions as a topic may have, evenly', () => {
    const brokers = evenRacks(3, 4);
    const placed = placeReplicas({ brokers, replicationFactor: 3, partitions: 10_000, random: () => 0.3 });
    expect(spreadOf(brokers, leadersOf(placed))).toBeLessThanOrEqual(1);
  });
});
