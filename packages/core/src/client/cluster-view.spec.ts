import { imageOf, partitionOf } from '../cluster/cluster.cases.js';
import { topicKey } from '../cluster/stored-state.js';
import { systemRandom } from '../runtime/random.js';
import { manualClock } from '../testing/manual-clock.js';
import { MemoryMetadata } from '../testing/memory-metadata-store.js';
import { ClusterView } from './cluster-view.js';

const place = { topic: 'orders', partition: 0, partitionId: 70 };

/** A view of one topic, and what writes to it. */
function world() {
  const clock = manualClock();
  const metadata = new MemoryMetadata(clock);
  const store = metadata.open();
  let reads = 0;
  let isAway = false;
  const list = store.list.bind(store);
  const counting = Object.assign(store, {
    list: (prefix: string) => {
      reads += 1;
      return isAway ? Promise.reject(new Error('away')) : list(prefix);
    },
  });
  const view = new ClusterView({
    store: counting,
    clock,
    random: { ...systemRandom, next: () => 0.5 },
    onError: () => {},
  });
  const write = async (partition: Parameters<typeof partitionOf>[0]) => {
    const topic = imageOf([partitionOf(partition)]).topics.get('orders')!;
    const [entry] = metadata.list(topicKey('orders')).entries;
    const change = { key: topicKey('orders'), expectedRevision: entry?.revision ?? 0n, value: JSON.stringify(topic) };
    await store.commit([change]);
  };
  return { clock, view, write, reads: () => reads, goAway: (away: boolean) => void (isAway = away) };
}
const turns = async () => {
  for (let n = 0; n < 10; n++) await new Promise((resolve) => setImmediate(resolve));
};

describe('the view of a cluster', () => {
  it('knows nobody before it has looked', async () => {
    const { view, write } = world();
    await write({});
    expect([view.image, view.knownLeader(place)]).toEqual([undefined, undefined]);
    await view.refresh();
    expect(view.knownLeader(place)).toEqual({ brokerId: 1, leaderEpoch: 5 });
  });

  it('says that leaders changed once they can be asked for, and not when nothing did', async () => {
    const { view, write, clock } = world();
    await write({});
    await view.refresh();
    const heard: unknown[] = [];
    const leave = view.onLeadersChanged(() => heard.push(view.knownLeader(place)));
    await write({ isr: [1], partitionEpoch: 21 });
    const unchanged = view.refresh();
    await turns();
    clock.advance(1_000);
    await unchanged;
    expect(heard).toEqual([]);
    await write({ leader: 2, leaderEpoch: 6 });
    const changed = view.refresh();
    await turns();
    clock.advance(1_000);
    await changed;
    expect(heard).toEqual([{ brokerId: 2, leaderEpoch: 6 }]);
    leave();
  });

  it('reads once for all who ask meanwhile, and not too often', async () => {
    const { view, write, clock, reads } = world();
    await write({});
    await Promise.all([view.refresh(), view.refresh(), view.refresh()]);
    expect(reads()).toBe(1);
    const later = Promise.all([view.refresh(), view.refresh()]);
    await turns();
    expect(reads()).toBe(1);
    clock.advance(150);
    await later;
    expect(reads()).toBe(2);
  });

  it('answers nobody with what was read before they asked', async () => {
    const { view, write, clock } = world();
    await write({});
    const early = view.refresh();
    await write({ leader: 3, leaderEpoch: 9 });
    const late = view.refresh();
    await early;
    await turns();
    clock.advance(150);
    expect((await late).topics.get('orders')!.partitions[0]!.leader).toBe(3);
  });

  it('follows the store’s hints, and looks by itself when there are none', async () => {
    const { view, write, clock, reads } = world();
    await write({});
    view.start();
    await turns();
    await write({ leader: 2, leaderEpoch: 6 });
    await turns();
    clock.advance(150);
    await turns();
    expect(view.knownLeader(place)).toEqual({ brokerId: 2, leaderEpoch: 6 });
    const before = reads();
    clock.advance(5_000);
    await turns();
    expect(reads()).toBeGreaterThan(before);
    await view.stop();
  });

  it('keeps what it knows while the store is away', async () => {
    const { view, write, clock, goAway } = world();
    await write({});
    await view.refresh();
    goAway(true);
    const refused = view.refresh();
    const heard = expect(refused).rejects.toThrow('away');
    await turns();
    clock.advance(150);
    await heard;
    expect(view.knownLeader(place)).toEqual({ brokerId: 1, leaderEpoch: 5 });
    goAway(false);
    const again = view.refresh();
    await turns();
    clock.advance(150);
    await again;
  });
});
