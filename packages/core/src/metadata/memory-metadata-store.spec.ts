import { manualClock } from '../testing/manual-clock.js';
import { MemoryMetadata } from '../testing/memory-metadata-store.js';
import { describeMetadataStore } from './metadata-store.cases.js';

describe('the metadata store in memory', () => {
  describeMetadataStore(async () => {
    const clock = manualClock();
    const memory = new MemoryMetadata(clock);
    return {
      store: memory.open(),
      another: memory.open(),
      ttlMs: 100,
      pause: async () => clock.advance(10),
      close: async () => {},
    };
  });

  it('loses answers as it is told: before, after, or long after the commit', async () => {
    const clock = manualClock();
    const store = new MemoryMetadata(clock).open();
    const put = (key: string) => store.commit([{ key, expectedRevision: 0n, value: '1' }]);
    const keys = async () => (await store.list('')).entries.map(({ key }) => key);
    for (const fate of ['refused', 'unmade', 'lost', { lateMs: 50 }] as const) store.failNextCommit(fate);
    await expect(put('a')).rejects.toMatchObject({ outcome: 'failed' });
    await expect(put('b')).rejects.toMatchObject({ outcome: 'unknown' });
    await expect(put('c')).rejects.toMatchObject({ outcome: 'unknown' });
    await expect(put('d')).rejects.toMatchObject({ outcome: 'unknown' });
    expect(await keys()).toEqual(['c']);
    clock.advance(50);
    expect(await keys()).toEqual(['c', 'd']);
    expect(await put('e')).toBeDefined();
  });

  it('calls nobody after it was closed', async () => {
    const store = new MemoryMetadata(manualClock()).open();
    let calls = 0;
    store.watch(() => void (calls += 1));
    await store.commit([{ key: 'a', expectedRevision: 0n, value: '1' }]);
    await store.close();
    await store.commit([{ key: 'b', expectedRevision: 0n, value: '1' }]);
    expect(calls).toBe(1);
  });
});
