import { manualClock } from '../testing/manual-clock.js';
import { MemoryReplicaStore } from '../testing/memory-replica-store.js';
import { RecordBatchBuilder } from '../record/record-batch-builder.js';
import { NO_PRODUCER } from '../record/record-batch.js';
import { ReplicaFetcher } from './replica-fetcher.js';
import type { ReplicaStore } from './replica-store.js';

const LOOK_EVERY_MS = 500;
const [ONE, TWO] = [1, 2];

/** Broker 1 leads partitions 1 and 2, broker 2 follows both; what the fetcher asks of them is written down. */
async function world() {
  const clock = manualClock();
  const calls: string[] = [];
  const failing = new Set<string>();
  const store = (brokerId: number) => new MemoryReplicaStore({ brokerId, clock, replicaLagTimeMaxMs: 10_000 });
  const [leader, own] = [store(1), store(2)];
  const role = { topicId: 't', leader: 1, leaderEpoch: 0, partitionEpoch: 0, replicas: [1, 2], isr: [1, 2], minIsr: 1 };
  const roles = [ONE, TWO].map((partitionId) => ({ ...role, partition: partitionId - 1, partitionId }));
  await leader.applyRoles(roles);
  await own.applyRoles(roles);
  const overheard = (target: MemoryReplicaStore, name: (call: string, given: unknown[]) => string | undefined) =>
    new Proxy<ReplicaStore>(target, {
      get: (_, key) => {
        const method: unknown = Reflect.get(target, key, target);
        if (typeof method !== 'function') return method;
        return (...given: unknown[]): unknown => {
          const call = name(String(key), given);
          if (call !== undefined) calls.push(call);
          if (failing.delete(String(key))) return Promise.reject(new Error(`${String(key)} failed`));
          return Reflect.apply(method, target, given);
        };
      },
    });
  const ids = (given: unknown) =>
    (given as { readonly partitionId: number }[]).map(({ partitionId }) => partitionId).join();
  const fetcher = new ReplicaFetcher({
    brokerId: 2,
    leaderId: 1,
    clock,
    own: overheard(own, (call, given) => {
      if (call === 'listFollowed') return `list ${given[1] === undefined ? 'all' : (given[1] as number[]).join()}`;
      return call === 'appendAsFollower' ? `append ${ids(given[0])}` : undefined;
    }),
    leader: overheard(leader, (call, given) => {
      if (call === 'noteFetch')
        return `note ${ids(given[1])}${(given[2] as { isWhole: boolean }).isWhole ? ' of all' : ''}`;
      return call === 'readForFollower' ? `read ${ids(given[0])}` : undefined;
    }),
    onStale: (partitionId, error) => void calls.push(`stale ${partitionId} ${error}`),
    onTruncated: () => {},
  });
  const append = async (partitionId: number, bytes = 10) => {
    const builder = new RecordBatchBuilder();
    builder.append({ value: 'x'.repeat(bytes) }, 1_000);
    const batch = await builder.build({ compression: 'none', ...NO_PRODUCER });
    await leader.append(partitionId, 0, { recordCount: 1, ...NO_PRODUCER, bytes: batch }, { acks: 1 });
  };
  const step = async () => {
    calls.length = 0;
    const restMs = await fetcher.step(1);
    return { calls: [...calls], restMs };
  };
  const mark = (partitionId: number) => Number(leader.replicaOf(partitionId)!.highWatermark);
  return { clock, leader, own, fetcher, failing, append, step, mark, roles };
}

describe('a fetcher', () => {
  it('looks at all that it follows first, and again when that is due', async () => {
    const { clock, step } = await world();
    expect(await step()).toEqual({ calls: ['list all', 'note 1,2 of all'], restMs: LOOK_EVERY_MS });
    clock.advance(LOOK_EVERY_MS - 1);
    expect(await step()).toEqual({ calls: [], restMs: 1 });
    clock.advance(1);
    expect(await step()).toEqual({ calls: ['list all', 'note 1,2 of all'], restMs: LOOK_EVERY_MS });
  });

  it('goes only to what was woken in between: reads, appends and acknowledges in one turn', async () => {
    const { clock, fetcher, append, step, mark } = await world();
    await step();
    await append(TWO);
    clock.advance(100);
    fetcher.wake([TWO]);
    expect(await step()).toEqual({ calls: ['read 2', 'append 2', 'note 2'], restMs: LOOK_EVERY_MS - 100 });
    expect(mark(TWO)).toBe(1);
  });

  it('copies what a look finds, though nobody woke it', async () => {
    const { append, step, mark } = await world();
    await append(ONE);
    expect((await step()).calls).toEqual(['list all', 'note 1,2 of all', 'read 1', 'append 1', 'note 1']);
    expect(mark(ONE)).toBe(1);
  });

  it('goes on at once with what found no room', async () => {
    const { fetcher, append, step } = await world();
    await step();
    await append(ONE, 9_000_000);
    await append(TWO);
    fetcher.wake([ONE, TWO]);
    expect(await step()).toEqual({ calls: ['read 1,2', 'append 1', 'note 1'], restMs: 0 });
    expect(await step()).toEqual({ calls: ['read 2', 'append 2', 'note 2'], restMs: LOOK_EVERY_MS });
  });

  it('goes on at once with what is more than one turn takes', async () => {
    const { fetcher, append, step } = await world();
    await step();
    for (const partitionId of [ONE, TWO]) for (let count = 0; count < 6; count += 1) await append(partitionId, 900_000);
    fetcher.wake([ONE, TWO]);
    let turns = 0;
    let restMs = 0;
    for (; restMs === 0 && turns < 20; turns += 1) ({ restMs } = await step());
    expect(turns).toBeGreaterThan(2);
    expect(restMs).toBe(LOOK_EVERY_MS);
    expect((await step()).calls).toEqual([]);
  });

  it('looks at everything again after an error', async () => {
    const { fetcher, failing, append, step, mark } = await world();
    await step();
    await append(ONE);
    fetcher.wake([ONE]);
    failing.add('noteFetch');
    await expect(step()).rejects.toThrow('noteFetch failed');
    expect((await step()).calls).toEqual(['list all', 'note 1,2 of all', 'append 1']); // The mark that it had not heard of.
    expect(mark(ONE)).toBe(1);
  });

  it('compares a log anew that its own database refuses to lengthen: somebody else has cut it', async () => {
    const { own, fetcher, append, step } = await world();
    await append(ONE);
    await step();
    await own.truncate(own.replicaOf(ONE)!.local, own.replicaOf(ONE)!.local.logStartOffset);
    await append(ONE);
    fetcher.wake([ONE]);
    expect((await step()).calls).toEqual(['read 1', 'append 1', 'stale 1 OFFSET_OUT_OF_RANGE']);
    fetcher.wake([ONE]);
    expect((await step()).calls).toEqual(['list 1', 'note 1', 'read 1', 'append 1', 'note 1']);
    expect(Number(own.replicaOf(ONE)!.logEndOffset)).toBe(2);
  });

  it('compares logs at once when its leader reads under a new epoch', async () => {
    const { leader, own, fetcher, append, step, roles } = await world();
    await append(ONE);
    await step();
    const newer = roles.map((role) => ({ ...role, leaderEpoch: 1, partitionEpoch: 1 }));
    await leader.applyRoles(newer);
    await own.applyRoles(newer);
    fetcher.wake([ONE]);
    expect(await step()).toEqual({ calls: ['read 1'], restMs: 0 });
    expect((await step()).calls).toEqual(['list 1', 'note 1', 'read 1']);
  });
});
