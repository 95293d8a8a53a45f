const WORDS =
  'amber basil cedar delta ember fjord grove hazel ivory jetty kayak lemon maple north ocean pearl quartz river sable tulip umber velvet willow xenon yarrow zephyr'.split(
    ' ',
  );
const BYTES = 200;

/**
 * Values of 200 bytes of JSON, the same for every contender, made before the clock runs: fields that differ and a text of words
 * in random order, so that they compress as an application's records do and no better.
 */
export function jsonValues(count: number): string[] {
  const next = seededRandom(42);
  return Array.from({ length: count }, (_, index) => {
    let value = `{"id":${index},"customer":"customer-${next(997)}","total":${next(10_000)},"note":"`;
    while (value.length < BYTES - 2) value += `${WORDS[next(WORDS.length)]} `;
    return `${value.slice(0, BYTES - 2)}"}`;
  });
}

/** Whole numbers below a limit, the same in every run (Tommy Ettinger's mulberry32: all of its bits are random, its period is 2^32). */
export function seededRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}
