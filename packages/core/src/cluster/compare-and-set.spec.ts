import { PostlogError } from '../errors/postlog-error.js';
import { manualClock } from '../testing/manual-clock.js';
import { MemoryMetadata } from '../testing/memory-metadata-store.js';
import { commitForSure, compareAndSet, findEntry } from './compare-and-set.js';

function newWorld() {
  const clock = manualClock();
  const memory = new MemoryMetadata(clock);
  const store = memory.open();
  const another = memory.open();
  const write = async (value: string, through = another) => {
    const entry = await findEntry(through, 'a');
    return through.commit([{ key: 'a', expectedRevision: entry?.revision ?? 0n, value }]);
  };
  const content = async () => (await findEntry(another, 'a'))?.value;
  const create = (value = '1') => commitForSure(store, [{ key: 'a', expectedRevision: 0n, value }], undefined);
  return { clock, store, another, write, content, create };
}

describe('a commit whose outcome must be known', () => {
  it('is made, or refused by a comparison', async () => {
    const { create, content } = newWorld();
    expect(await create('1')).toBe(true);
    expect(await create('2')).toBe(false);
    expect(await create('1')).toBe(false);
    expect(await content()).toBe('1');
  });

  it('is found to be made when its answer was lost', async () => {
    const { store, create, content } = newWorld();
    store.failNextCommit('lost');
    expect(await create()).toBe(true);
    expect(await content()).toBe('1');
  });

  it('is sent again when it was lost on the way', async () => {
    const { store, create, content } = newWorld();
    store.failNextCommit('unmade');
    expect(await create()).toBe(true);
    expect(await content()).toBe('1');
  });

  it('takes effect once when the first one arrives late', async () => {
    const { clock, store, create, content, write } = newWorld();
    store.failNextCommit({ lateMs: 50 });
    expect(await create()).toBe(true);
    await write('2');
    clock.advance(50);
    expect(await content()).toBe('2');
  });

  it('is refused when others wrote after its answer was lost: it may have been made, and can be no more', async () => {
    const { store, another, create, write } = newWorld();
    const list = store.list.bind(store);
    store.list = async (prefix) => {
      store.list = list;
      await write('2', another);
      return list(prefix);
    };
    store.failNextCommit('lost');
    expect(await create()).toBe(false);
  });

  it('stays unknown when the store stays away', async () => {
    const { store, create } = newWorld();
    for (let sending = 0; sending < 3; sending++) store.failNextCommit('unmade');
    await expect(create()).rejects.toMatchObject({ code: 'NETWORK_EXCEPTION', outcome: 'unknown' });
  });

  it('stays unknown when a second try could not even be sent, or the store not be read', async () => {
    const first = newWorld();
    first.store.failNextCommit({ lateMs: 50 });
    first.store.failNextCommit('refused');
    await expect(first.create()).rejects.toMatchObject({ outcome: 'unknown' });
    const second = newWorld();
    second.store.failNextCommit('unmade');
    second.store.list = () => Promise.reject(new PostlogError('NETWORK_EXCEPTION', 'nobody there.'));
    await expect(second.create()).rejects.toMatchObject({ outcome: 'unknown' });
  });

  it('has failed when it was never sent', async () => {
    const { store, create, content } = newWorld();
    store.failNextCommit('refused');
    await expect(create()).rejects.toMatchObject({ outcome: 'failed' });
    expect(await content()).toBeUndefined();
  });

  it('tells a fence that refused it from a comparison that did', async () => {
    const { store, content } = newWorld();
    const lease = { name: 'controller', ttlMs: 1_000 };
    await store.acquireLease({ ...lease, holder: 'old' });
    await store.resignLease({ ...lease, holder: 'old' });
    await store.acquireLease({ ...lease, holder: 'new' });
    const create = (epoch: bigint) =>
      commitForSure(store, [{ key: 'a', expectedRevision: 0n, value: '1' }], { name: 'controller', epoch });
    await expect(create(1n)).rejects.toMatchObject({ code: 'NOT_CONTROLLER', outcome: 'failed' });
    expect(await content()).toBeUndefined();
    store.failNextCommit('unmade');
    await expect(create(1n)).rejects.toMatchObject({ code: 'NOT_CONTROLLER', outcome: 'failed' });
    expect(await create(2n)).toBe(true);
    expect(await create(2n)).toBe(false);
  });
});

describe('compare and set', () => {
  const increment = ({ store }: ReturnType<typeof newWorld>, meanwhile = async () => {}) =>
    compareAndSet(
      store,
      async () => {
        const entry = await findEntry(store, 'a');
        const answer = Number(entry?.value ?? 0) + 1;
        await meanwhile();
        return { changes: [{ key: 'a', expectedRevision: entry?.revision ?? 0n, value: String(answer) }], answer };
      },
      undefined,
    );

  it('plans again when others were faster', async () => {
    const world = newWorld();
    let others = 3;
    expect(await increment(world, async () => void (others-- > 0 && (await world.write(String(10 * others)))))).toBe(1);
    expect(await world.content()).toBe('1');
  });

  it('gives up when others are faster every time', async () => {
    const world = newWorld();
    let others = 0;
    const adding = increment(world, async () => void (await world.write(String(++others))));
    await expect(adding).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR', retriable: true });
    expect(await world.content()).toBe(String(others));
  });

  it('loses no increment, and adds none twice, whatever becomes of the answers', async () => {
    const world = newWorld();
    const fates = ['lost', 'unmade', { lateMs: 5 }, 'lost', { lateMs: 1 }, 'unmade', 'lost'] as const;
    for (const fate of fates) {
      world.store.failNextCommit(fate);
      await increment(world);
      world.clock.advance(2);
    }
    world.clock.advance(100);
    expect(await world.content()).toBe(String(fates.length));
  });
});
