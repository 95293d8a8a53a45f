import { migratedDatabase } from '../testing/migrated-database.js';
import { offset } from '../record/offset.js';
import { Claim } from './claim.js';

describe('a claim', () => {
  it('is lost with the take-over, also before the new owner has committed anything', async () => {
    const { database, drop } = await migratedDatabase();
    const claimOf = (memberId: string, ownerEpoch: number) => {
      const position = { resetEpoch: 1, committedOffset: offset(3), leaderEpoch: -1 };
      const claimant = { groupId: 'g', partitionId: 1, memberId, ownerEpoch, ...position };
      return new Claim({ database, claimant, onError: () => {} });
    };
    const [old, next] = [claimOf('a', 1), claimOf('b', 2)];
    expect((await old.takeOver()).nextOffset).toBe(3n);
    await next.takeOver();
    const text = old.commitText({ nextOffset: offset(4), leaderEpoch: -1 });
    await expect(database.query({ name: 'late', text })).rejects.toMatchObject({ code: 'FENCED_MEMBER_EPOCH' });
    await expect(old.takeOver()).rejects.toMatchObject({ code: 'FENCED_MEMBER_EPOCH' });
    expect((await next.takeOver()).nextOffset).toBe(3n);
    await drop();
  });
});
