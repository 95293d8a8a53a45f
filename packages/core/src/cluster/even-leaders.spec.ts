import { evenLeaders } from './even-leaders.js';

describe('leaderships', () => {
  it('are handed on along a chain when that makes them even', () => {
    // Broker 1 would lead both of its partitions, were the first not handed on to 2, whose own goes to 3.
    const placed = evenLeaders(
      [
        [1, 2],
        [2, 3],
        [1, 2],
        [1, 2],
      ],
      [],
    );
    expect(placed.map(([leader]) => leader!).sort((a, b) => a - b)).toEqual([1, 1, 2, 3]);
    expect(placed.map((replicas) => [...replicas].sort((a, b) => a - b))).toEqual([
      [1, 2],
      [2, 3],
      [1, 2],
      [1, 2],
    ]);
  });

  it('of partitions that are there already count, and stay', () => {
    expect(evenLeaders([[1, 2]], [[1, 2]])).toEqual([[2, 1]]);
  });

  it('stay with a broker that alone has the replicas', () => {
    expect(evenLeaders([[1], [1], [2]], [])).toEqual([[1], [1], [2]]);
  });
});
