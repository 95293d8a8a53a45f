import fc from 'fast-check';
import { pageEnd, type PlannedRow } from './outbox-plan.js';

/** Rows of transactions, each told by the sizes of its rows. */
const rowsOf = (...transactions: number[][]): PlannedRow[] => {
  let id = 0;
  return transactions.flatMap((sizes) => {
    const lastId = id + sizes.length;
    return sizes.map((size) => ({
      id: (id += 1),
      slot: 0,
      xid: BigInt(lastId),
      lastId,
      partitionId: 1,
      recordCount: 1,
      maxBatchBytes: 1_000,
      size,
      batch: undefined,
    }));
  });
};

const pagesOf = (rows: readonly PlannedRow[], limits: { maxRows: number; maxBytes: number }) => {
  const pages: number[][] = [];
  for (let start = 0; start < rows.length;) {
    const end = pageEnd(rows, start, limits);
    pages.push(rows.slice(start, end).map(({ id }) => id));
    start = end;
  }
  return pages;
};

describe('a page of the outbox', () => {
  it.each<[string, number[][], number[][]]>([
    ['holds all that fits', [[1, 1], [1]], [[1, 2, 3]]],
    [
      'ends with a whole transaction when rows are too many',
      [
        [1, 1],
        [1, 1],
        [1, 1],
      ],
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    ['ends with a whole transaction when bytes are too many', [[5], [3, 3], [5]], [[1], [2, 3], [4]]],
    [
      'cuts a transaction that is over the limits by itself',
      [[1, 1, 1, 1, 1], [1]],
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    ['takes a row that is over the limits by itself', [[20], [1]], [[1], [2]]],
  ])('%s', (_, transactions, pages) => {
    expect(pagesOf(rowsOf(...transactions), { maxRows: 3, maxBytes: 10 })).toEqual(pages);
  });

  it('never leaves a row out, repeats one, or cuts a transaction that would fit', () => {
    const transactions = fc.array(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 }));
    fc.assert(
      fc.property(transactions, fc.integer({ min: 1, max: 5 }), (sizes, maxRows) => {
        const rows = rowsOf(...sizes);
        const pages = pagesOf(rows, { maxRows, maxBytes: 20 });
        expect(pages.flat()).toEqual(rows.map(({ id }) => id));
        for (const page of pages.slice(0, -1)) {
          const last = rows[page.at(-1)! - 1]!;
          const isCut = last.id !== last.lastId;
          if (isCut) expect(rows[page[0]! - 1]!.lastId).toBe(last.lastId); // It stands alone on the page.
        }
      }),
    );
  });
});
