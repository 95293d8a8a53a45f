import { MOST_CHANGES, type MetadataStore } from './metadata-store.js';

export interface StoreUnderTest {
  readonly store: MetadataStore;
  /** Another process on the same store. */
  readonly another: MetadataStore;
  /** A short lease. */
  readonly ttlMs: number;
  /** Lets a little time pass on the store's clock. */
  pause(): Promise<void>;
  close(): Promise<void>;
}

/** What every metadata store promises. Each case gets an empty one. */
export function describeMetadataStore(open: () => Promise<StoreUnderTest>): void {
  describe('as the port promises', () => describeContract(open));
}

function describeContract(open: () => Promise<StoreUnderTest>): void {
  let world: StoreUnderTest;
  let store: MetadataStore;
  beforeEach(async () => {
    world = await open();
    store = world.store;
  });
  afterEach(() => world.close());

  const create = (key: string, value = `"${key}"`) => store.commit([{ key, expectedRevision: 0n, value }]);
  const contents = async (prefix = '') =>
    (await world.another.list(prefix)).entries.map(({ key, value }) => [key, value]);
  const revisionOf = async (key: string) =>
    (await store.list(key)).entries.find((entry) => entry.key === key)?.revision;

  describe('entries', () => {
    it('are created only where there is none', async () => {
      const revision = await create('topics/a', '"first"');
      expect(revision).toBeGreaterThan(0n);
      expect(await create('topics/a', '"second"')).toBeUndefined();
      expect(await store.list('')).toEqual({
        revision: expect.any(BigInt),
        entries: [{ key: 'topics/a', value: '"first"', revision }],
      });
    });

    it('change all together or not at all', async () => {
      const first = (await create('a', '1'))!;
      const second = (await create('b', '2'))!;
      const third = (await create('c', '3'))!;
      const change = (expected: bigint) =>
        store.commit([
          { key: 'a', expectedRevision: first, value: '10' },
          { key: 'b', expectedRevision: expected, value: null },
          { key: 'c', expectedRevision: third },
          { key: 'd', expectedRevision: 0n, value: '4' },
        ]);
      expect(await change(first)).toBeUndefined();
      expect(await contents()).toEqual([
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ]);
      const revision = await change(second);
      expect(revision).toBeGreaterThan(third);
      expect(await contents()).toEqual([
        ['a', '10'],
        ['c', '3'],
        ['d', '4'],
      ]);
      expect(await revisionOf('a')).toBe(revision);
      expect(await revisionOf('c')).toBe(third);
    });

    it('that are deleted and made again do not match what was known of the old ones', async () => {
      const old = (await create('a', '1'))!;
      await store.commit([{ key: 'a', expectedRevision: old, value: null }]);
      expect(await contents()).toEqual([]);
      expect(await store.commit([{ key: 'a', expectedRevision: old, value: '2' }])).toBeUndefined();
      const made = (await create('a', '1'))!;
      expect(made).toBeGreaterThan(old);
      expect(await store.commit([{ key: 'a', expectedRevision: old, value: '2' }])).toBeUndefined();
      expect(await store.commit([{ key: 'a', expectedRevision: old, value: null }])).toBeUndefined();
      expect(await contents()).toEqual([['a', '1']]);
    });

    it('may be compared without a change', async () => {
      const revision = (await create('a'))!;
      expect(await store.commit([{ key: 'a', expectedRevision: revision }])).toBe(revision);
      expect(await store.commit([{ key: 'b', expectedRevision: 0n, value: null }])).toBe(revision);
      expect(await store.commit([{ key: 'a', expectedRevision: 0n }])).toBeUndefined();
      expect(await revisionOf('a')).toBe(revision);
    });

    it('are listed by key and prefix, whatever they hold', async () => {
      const value = JSON.stringify({ text: 'ä "\\ \u0000 \u{1f600}', number: 1e21 });
      for (const key of ['topics/b', 'topics/B', 'topics/_x', 'brokers/1', 'topics/a%', 'topicsx'])
        await create(key, value);
      expect(await contents('topics/')).toEqual(
        ['topics/B', 'topics/_x', 'topics/a%', 'topics/b'].map((key) => [key, value]),
      );
      expect(await contents('topics/_')).toEqual([['topics/_x', value]]);
      expect(await contents('nothing')).toEqual([]);
    });

    it('refuses more changes than a store takes, and a key that comes twice, before anything happens', async () => {
      const changes = Array.from({ length: MOST_CHANGES }, (_, number) => ({
        key: `k${number}`,
        expectedRevision: 0n,
        value: '1',
      }));
      await expect(store.commit([...changes, { key: 'more', expectedRevision: 0n, value: '1' }])).rejects.toMatchObject(
        {
          code: 'INVALID_REQUEST',
          outcome: 'failed',
        },
      );
      await expect(store.commit([changes[0]!, changes[0]!])).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
      expect(await contents()).toEqual([]);
      await store.acquireLease({ name: 'controller', holder: 'a', ttlMs: 60_000 });
      expect(await store.commit(changes, { name: 'controller', epoch: 1n })).toBeDefined();
      expect(await contents()).toHaveLength(MOST_CHANGES);
    });

    it('show one moment to a listing, and a revision that never goes back', async () => {
      const revision = (await create('left', '0'))!;
      await create('right', '0');
      let isDone = false;
      const writing = (async () => {
        for (let n = 1, at = revision, right = (await revisionOf('right'))!; n <= 40; n++) {
          const value = String(n);
          at = right = (await store.commit([
            { key: 'left', expectedRevision: at, value },
            { key: 'right', expectedRevision: right, value },
          ]))!;
        }
        isDone = true;
      })();
      let last = 0n;
      const torn: unknown[] = [];
      while (!isDone) {
        const { revision: now, entries } = await world.another.list('');
        if (now < last || entries[0]!.value !== entries[1]!.value) torn.push([last, now, entries]);
        last = now;
      }
      await writing;
      expect(torn).toEqual([]);
      expect(await contents()).toEqual([
        ['left', '40'],
        ['right', '40'],
      ]);
    });

    it('lose no increment of twenty that are made by compare-and-set at once', async () => {
      await create('count', '0');
      const increment = async (through: MetadataStore): Promise<void> => {
        for (;;) {
          const [entry] = (await through.list('count')).entries;
          const change = { key: 'count', expectedRevision: entry!.revision, value: String(Number(entry!.value) + 1) };
          if ((await through.commit([change])) !== undefined) return;
        }
      };
      await Promise.all(Array.from({ length: 20 }, (_, n) => increment(n % 2 === 0 ? store : world.another)));
      expect(await contents()).toEqual([['count', '20']]);
    });
  });

  describe('a lease', () => {
    const take = (holder: string, ttlMs = 60_000) => store.acquireLease({ name: 'controller', holder, ttlMs });

    it('has one holder, who keeps its epoch by renewing', async () => {
      expect(await take('a')).toBe(1n);
      expect(await take('b')).toBeUndefined();
      expect(await take('a')).toBe(1n);
      expect(await take('a', 90_000)).toBe(1n);
      expect(await take('b')).toBeUndefined();
      expect(await store.listLeases('')).toEqual([{ name: 'controller', holder: 'a', epoch: 1n }]);
    });

    it('goes to one of those who ask at once', async () => {
      const epochs = await Promise.all(Array.from({ length: 8 }, (_, n) => take(`holder-${n}`)));
      expect(epochs.filter((epoch) => epoch !== undefined)).toEqual([1n]);
    });

    it('runs out, and a change of hands raises its epoch', async () => {
      await take('a', world.ttlMs);
      let epoch: bigint | undefined;
      while ((epoch = await take('b', world.ttlMs)) === undefined) await world.pause();
      expect(epoch).toBe(2n);
      expect(await store.listLeases('contr')).toEqual([{ name: 'controller', holder: 'b', epoch: 2n }]);
      while ((await store.listLeases('')).length > 0) await world.pause();
      expect(await take('a')).toBe(3n);
    });

    it('does not run out while it is renewed', async () => {
      await take('a', world.ttlMs);
      const refused: unknown[] = [];
      for (let n = 0; n < 40; n++) {
        await world.pause();
        expect(await take('a', world.ttlMs)).toBe(1n);
        refused.push(await take('b', world.ttlMs));
      }
      expect(refused.every((epoch) => epoch === undefined)).toBe(true);
    });

    it('is free at once when its holder resigns, and only then', async () => {
      await take('a');
      await store.resignLease({ name: 'controller', holder: 'b' });
      expect(await take('b')).toBeUndefined();
      await store.resignLease({ name: 'controller', holder: 'a' });
      await store.resignLease({ name: 'controller', holder: 'a' });
      expect(await store.listLeases('')).toEqual([]);
      expect(await take('b')).toBe(2n);
    });

    it('is listed by prefix, and is no entry', async () => {
      for (const name of ['broker/2', 'broker/1', 'controller']) {
        await store.acquireLease({ name, holder: `of ${name}`, ttlMs: 60_000 });
      }
      expect(await world.another.listLeases('broker/')).toEqual([
        { name: 'broker/1', holder: 'of broker/1', epoch: 1n },
        { name: 'broker/2', holder: 'of broker/2', epoch: 1n },
      ]);
      expect(await contents()).toEqual([]);
    });

    it('fences the writes of who held it before', async () => {
      const put = (key: string, epoch: bigint) =>
        store.commit([{ key, expectedRevision: 0n, value: '1' }], { name: 'controller', epoch });
      expect(await put('none', 1n)).toBeUndefined();
      await take('a');
      expect(await put('first', 1n)).toBeDefined();
      await store.resignLease({ name: 'controller', holder: 'a' });
      await take('b');
      expect(await put('old', 1n)).toBeUndefined();
      expect(await put('new', 2n)).toBeDefined();
      expect(await put('newer', 3n)).toBeUndefined();
      expect(await contents()).toEqual([
        ['first', '1'],
        ['new', '1'],
      ]);
    });
  });

  describe('a watch', () => {
    it('is called after a change, by this process or another, until it ends', async () => {
      const calls = { here: 0, there: 0, ended: 0 };
      store.watch(() => void (calls.here += 1));
      world.another.watch(() => void (calls.there += 1));
      store.watch(() => void (calls.ended += 1))();
      const until = async (condition: () => boolean) => {
        while (!condition()) await world.pause();
      };
      // Who has only just begun to listen may miss a change: that costs time only.
      for (let n = 0; calls.here === 0 || calls.there === 0; n++) {
        await create(`begin-${n}`);
        await world.pause();
      }
      calls.here = calls.there = 0;
      await create('a');
      await until(() => calls.here > 0 && calls.there > 0);
      expect(calls.ended).toBe(0);
    });
  });
}
