import { checkClaims, zombiesOf } from './claims.js';
import { audited, codesOf, ending, GOOD } from './good-history.js';

const { audit } = GOOD.final;

describe('claims', () => {
  it('hold where everything is as promised: the zombie’s transaction was rolled back', () => {
    expect(checkClaims(GOOD)).toEqual([]);
    const zombie = { process: 'a', group: 'copiers', partition: 0, offset: 2, xid: '93', hasCommitted: false };
    expect(zombiesOf(GOOD)).toEqual([zombie]);
  });

  it.each([
    ['an offset of somebody who does not own the claim', audited('offset', 'b', 2, { writtenBy: 'a' })],
    ['a claim that goes back', audited('claim', 'a', 1)],
    ['the transaction of a zombie', audited('offset', 'b', 2, { xid: '93', nextOffset: 3 })],
  ])('are broken by %s', (_, entry) => {
    expect(codesOf(checkClaims(ending({ audit: [...audit, entry] })))).toEqual(['A16']);
  });

  it('make no zombie of a call that ended before, of a short stall, or where nobody took over', () => {
    const without = (index: (event: (typeof GOOD.events)[number]) => boolean) => ({
      ...GOOD,
      events: GOOD.events.filter((event) => !index(event)),
    });
    expect(zombiesOf({ ...GOOD, sessionTimeoutMs: 3_500 })).toEqual([]);
    expect(zombiesOf(without((event) => event.f === 'handle' && event.xid === '94'))).toEqual([]);
    expect(zombiesOf(without((event) => event.f === 'handle' && event.type === 'end'))).toEqual([]);
  });
});
