import { ReadAhead } from './read-ahead.js';

describe('what is read ahead', () => {
  it('is bounded: over the limit everybody waits until enough was handled', async () => {
    const readAhead = new ReadAhead(10);
    await readAhead.untilRoom();
    readAhead.add(8);
    readAhead.add(8);
    let begun = 0;
    const waiting = [1, 2].map(() => readAhead.untilRoom().then(() => (begun += 1)));
    await Promise.resolve();
    expect(begun).toBe(0);
    readAhead.remove(8);
    await Promise.all(waiting);
    expect(begun).toBe(2);
  });
});
