import { outboxWorld, type OutboxWorld } from '../testing/outbox-world.js';

let world: OutboxWorld;
beforeEach(async () => {
  world = await outboxWorld();
});
afterEach(() => world.drop());

describe('a record that is published in a transaction', () => {
  it('comes before what its process sends directly after the commit', async () => {
    const client = await world.client();
    for (let round = 0; round < 5; round++) {
      await client.query('begin');
      await world.producer.send({
        topic: 't',
        messages: [{ value: `in the transaction ${round}` }],
        transaction: client,
      });
      await client.query('commit');
      await Promise.all([1, 2].map((n) => world.producer.send({ topic: 't', messages: [{ value: `${round}.${n}` }] })));
    }
    const expected = [0, 1, 2, 3, 4].flatMap((round) => [`in the transaction ${round}`, `${round}.1`, `${round}.2`]);
    expect(await world.untilStored(15)).toEqual(expected);
  });
});
