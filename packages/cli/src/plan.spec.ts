import fc from 'fast-check';
import { planGroup, type PlanInput } from './plan.js';

const INPUT: PlanInput = {
  rate: 200,
  handlerMs: 40,
  utilization: 0.8,
  concurrentPartitions: 1,
  keyConcurrency: 1,
  growth: 2,
  spare: 1,
};

describe('a plan', () => {
  it('has as many handlers at work as arrive while one works, and room above', () => {
    expect(planGroup(INPUT)).toMatchObject({ callsInFlight: 8, lanes: 10, members: 11, partitions: 22 });
  });

  it('needs fewer members where each handles several partitions, or several keys of one', () => {
    expect(planGroup({ ...INPUT, concurrentPartitions: 5 })).toMatchObject({ members: 3, partitions: 21 });
    expect(planGroup({ ...INPUT, keyConcurrency: 10 })).toMatchObject({ members: 2, partitions: 2 });
  });

  it('always keeps up, also with the spare missing, and gives every member work', () => {
    const input = fc.record({
      rate: fc.integer({ min: 1, max: 100_000 }),
      handlerMs: fc.integer({ min: 1, max: 5_000 }),
      utilization: fc.constantFrom(0.3, 0.7, 0.95),
      concurrentPartitions: fc.integer({ min: 1, max: 50 }),
      keyConcurrency: fc.integer({ min: 1, max: 50 }),
      growth: fc.constantFrom(1, 2, 3.5),
      spare: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(input, (given) => {
        const plan = planGroup(given);
        expect(plan.capacityWithoutSpare).toBeGreaterThan(given.rate);
        expect(plan.capacity).toBeGreaterThanOrEqual(plan.capacityWithoutSpare);
        expect(plan.partitions % plan.members).toBe(0);
        expect(plan.partitions).toBeGreaterThanOrEqual(plan.members);
      }),
    );
  });
});
