import { createDeferred } from '../runtime/deferred.js';
import { RevisionGuard } from './revision-guard.js';

const at = (revision: bigint) => async () => ({ revision });

describe('the guard of a revision', () => {
  it('refuses a store that went back', async () => {
    const guard = new RevisionGuard();
    await guard.read(at(7n));
    await expect(guard.read(at(6n))).rejects.toThrow('went back from revision 7 to 6');
    guard.note(9n);
    guard.note(undefined);
    await expect(guard.read(at(8n))).rejects.toThrow('went back from revision 9 to 8');
    await expect(guard.read(at(9n))).resolves.toEqual({ revision: 9n });
  });

  it('lets an answer through that was on its way while a newer one came', async () => {
    const guard = new RevisionGuard();
    const slow = createDeferred<{ revision: bigint }>();
    const reading = guard.read(() => slow.promise);
    await guard.read(at(7n));
    slow.resolve({ revision: 6n });
    await expect(reading).resolves.toEqual({ revision: 6n });
  });
});
