import { jsonValues, seededRandom } from './values.js';

describe('the values that every contender stores', () => {
  const values = jsonValues(20_000);
  const parsed = values.map((value) => JSON.parse(value) as { id: number; note: string });

  it('are 200 bytes of JSON each', () => {
    expect(new Set(values.map((value) => Buffer.byteLength(value)))).toEqual(new Set([200]));
    expect(parsed.map(({ id }) => id)).toEqual(values.map((_, index) => index));
  });

  it('never repeat a text, which a codec would find', () => {
    expect(new Set(parsed.map(({ note }) => note)).size).toBe(values.length);
  });

  it('use every word about equally often', () => {
    const counts = new Map<string, number>();
    for (const { note } of parsed)
      for (const word of note.split(' ').slice(0, -1)) counts.set(word, (counts.get(word) ?? 0) + 1);
    expect(counts.size).toBe(26);
    expect(Math.max(...counts.values()) / Math.min(...counts.values())).toBeLessThan(1.1);
  });

  it('are the same in every run', () => {
    expect(jsonValues(100)).toEqual(values.slice(0, 100));
    const next = seededRandom(7);
    const again = seededRandom(7);
    for (let draw = 0; draw < 100; draw++) expect(next(1_000)).toBe(again(1_000));
  });
});
