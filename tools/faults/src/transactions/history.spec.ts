import { readEvents } from './events.js';
import { parseValue, recordValue, senderOf } from './history.js';

describe('what a run writes down', () => {
  it('leaves out a line that a kill cut off', () => {
    const event = { f: 'source', type: 'ok', at: 1, value: 'v' };
    expect(readEvents(`${JSON.stringify(event)}\n{"f":"sour`)).toEqual([event]);
  });

  it('names in a record the row that it goes with, and in that its sender', () => {
    const value = { id: 'p1.0:17', number: 2, target: 7, amount: 10 };
    expect(parseValue(recordValue(value))).toEqual(value);
    expect(senderOf(value.id)).toEqual({ sender: 'p1.0', number: 17 });
  });
});
