import { createDeferred } from '../runtime/deferred.js';
import { untilAborted } from './until-aborted.js';

describe('waiting until a signal aborts', () => {
  it('brings what the work brings, or its error', async () => {
    const { signal } = new AbortController();
    expect(await untilAborted(signal, Promise.resolve(7))).toBe(7);
    await expect(untilAborted(signal, Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('ends at once when the signal aborts, and hears no more of the work', async () => {
    const stop = new AbortController();
    const work = createDeferred<number>();
    const waiting = untilAborted(stop.signal, work.promise);
    stop.abort();
    expect(await waiting).toBeUndefined();
    work.reject(new Error('too late'));
    expect(await untilAborted(stop.signal, new Promise(() => {}))).toBeUndefined();
  });
});
