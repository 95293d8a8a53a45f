import { systemRandom } from '../runtime/random.js';
import { Applications } from './applications.js';
import type { FetchRequest } from '../broker/fetch-dispatcher.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { GroupHeartbeat } from '../group/group-coordinator.js';
import type { StoredBatch } from '../log/log.store.js';
import { offset } from '../record/offset.js';
import type { Clock } from '../runtime/clock.js';
import { createDeferred } from '../runtime/deferred.js';
import { EventBus } from '../runtime/events.js';
import { silentLogger } from '../runtime/logger.js';
import { Purgatory } from '../runtime/purgatory.js';
import { batchOf } from '../testing/log-world.js';
import { manualClock } from '../testing/manual-clock.js';
import type { AssignedPartition } from './assigned-partition.js';
import type { Cluster } from './cluster.js';
import { resolveConsumerOptions } from './consumer-options.js';
import { ConsumerSession } from './consumer-session.js';
import { ConsumerSubscription } from './consumer-subscription.js';
import type { EachBatchPayload } from './run-types.js';

const turns = async () => {
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
};

/** A partition with one record at each of the offsets 0 to 5, read three at a time. */
async function fetcher() {
  const { bytes } = await batchOf(1, ['x']);
  const at = (n: number) => ({ baseOffset: offset(n), lastOffset: offset(n), leaderEpoch: 0, bytes }) as StoredBatch;
  const log = [0, 1, 2, 3, 4, 5].map(at);
  return ({ fetchOffset }: FetchRequest) => {
    const batches = log.slice(Number(fetchOffset), Number(fetchOffset) + 3);
    return batches.length === 0 ? new Promise(() => {}) : Promise.resolve({ highWatermark: offset(6), batches });
  };
}

/** A coordinator that falls silent, tells what it is made to tell, and answers a commit when the test says so. */
function silenceable() {
  const state = { committed: offset(0), ownerEpoch: 5, memberEpoch: 5, isForgotten: false };
  const commits: ((refused?: ReadonlyMap<number, 'FENCED_MEMBER_EPOCH'>) => void)[] = [];
  let silence = createDeferred<never>();
  silence.promise.catch(() => {});
  const coordinator = {
    heartbeat: ({ memberEpoch }: GroupHeartbeat) => {
      if (state.isForgotten && memberEpoch > 0) return Promise.reject(new PostlogError('UNKNOWN_MEMBER_ID', 'x'));
      const { ownerEpoch, committed: committedOffset } = state;
      const place = { topic: 't', partition: 0, partitionId: 1 };
      const assignment = [{ ...place, ownerEpoch, committedOffset, leaderEpoch: 0 }];
      return Promise.resolve({ memberEpoch: state.memberEpoch, assignment, state: 'Stable' });
    },
    rest: (_report: unknown, _intervalMs: number, _onBeat: unknown, signal: AbortSignal) =>
      Promise.race([silence.promise, new Promise((woken) => signal.addEventListener('abort', woken))]),
    commitOffsets: () =>
      new Promise((resolve) => commits.push((refused = new Map<number, 'FENCED_MEMBER_EPOCH'>()) => resolve(refused))),
  };
  const fallSilent = () => {
    silence.reject(new PostlogError('NETWORK_EXCEPTION', 'x'));
    silence = createDeferred<never>();
    silence.promise.catch(() => {});
  };
  return { state, commits, coordinator, fallSilent };
}

/** Everything is in one place, and stays there. */
function clusterOf(clock: Clock, coordinator: object, fetch: (request: FetchRequest) => Promise<unknown>): Cluster {
  let names = 0;
  return {
    clock,
    logger: silentLogger,
    random: { next: () => 0, uniqueName: (prefix: string) => `${prefix}-${(names += 1)}` },
    knownLeader: () => ({ brokerId: 1, leaderEpoch: 0 }),
    leaderOf: () => Promise.resolve({ broker: { fetches: { fetch } }, leaderEpoch: 0 }),
    onLeadersChanged: () => () => {},
    knownCoordinator: () => ({ brokerId: 1, leaderEpoch: 0 }),
    coordinatorOf: () => Promise.resolve({ brokerId: 1, coordinator, groupsChanged: new Purgatory<string>() }),
    forgetCoordinator: () => {},
  } as unknown as Cluster;
}

async function world() {
  const clock = manualClock();
  const { state, commits, coordinator, fallSilent } = silenceable();
  const cluster = clusterOf(clock, coordinator, await fetcher());
  const subscription = new ConsumerSubscription('earliest');
  subscription.add({ topics: ['t'], patterns: [], fromBeginning: true });
  const calls: { readonly batch: EachBatchPayload; readonly held: AssignedPartition; readonly end: () => void }[] = [];
  const session = new ConsumerSession({
    applications: new Applications([], { schema: 'postlog', random: systemRandom }),
    cluster,
    options: resolveConsumerOptions({ groupId: 'g', sessionTimeout: 1_000, heartbeatInterval: 100 }),
    run: {
      autoCommit: false,
      eachBatch: (batch) =>
        new Promise((end) => calls.push({ batch, held: [...session.partitions][0]!, end: () => end() })),
    },
    events: new EventBus(clock, () => {}),
    clientId: 'c',
    host: 'h',
    subscription,
    chosen: undefined,
    isPaused: () => false,
    pause: () => () => {},
    onAssigned: () => {},
    onCrash: () => {},
    onFatal: () => {},
    delivery: undefined,
    onError: () => {},
  });
  session.start();
  await turns();
  /** The group does not answer for longer than a session. */
  const lose = async () => {
    clock.advance(2_000);
    fallSilent();
    await turns();
  };
  const rejoin = async () => {
    for (const ms of [500, 0, 0]) {
      clock.advance(ms);
      await turns();
    }
  };
  const commit = (to: number) =>
    session.committer
      .commitExplicit([{ partition: calls.at(-1)!.held, offset: offset(to), metadata: null }])
      .catch(() => {});
  /** As for a handler that waits for its commit. */
  const confirmAndEnd = async () => {
    commits[0]!();
    await turns();
    calls[0]!.end();
    await turns();
  };
  const began = () => calls.map(({ batch }) => batch.batch.messages[0]!.offset);
  return { state, commits, session, calls, began, commit, confirmAndEnd, lose, rejoin };
}

describe('a member whose group fell silent while it committed', () => {
  it('goes on after what it committed, when that is confirmed only after it was told where to go on', async () => {
    const { commits, calls, began, commit, lose, rejoin } = await world();
    void commit(3);
    await lose();
    await rejoin();
    commits[0]!();
    await turns();
    expect(began()).toEqual(['0']); // One call at a time, also across a drop.
    calls[0]!.end();
    await turns();
    expect(began()).toEqual(['0', '3']);
  });

  it('does so when that is confirmed before it was told', async () => {
    const { began, commit, lose, rejoin, confirmAndEnd } = await world();
    void commit(3);
    await lose();
    await confirmAndEnd();
    await rejoin();
    expect(began()).toEqual(['0', '3']);
  });

  it('does so when it was silent once more before the call ended', async () => {
    const { began, commit, lose, rejoin, confirmAndEnd } = await world();
    void commit(3);
    await lose();
    await rejoin();
    await lose();
    await rejoin();
    await confirmAndEnd();
    expect(began()).toEqual(['0', '3']);
  });

  it.each<[string, (state: Awaited<ReturnType<typeof world>>['state']) => void]>([
    ['somebody else may have owned it since', (state) => (state.ownerEpoch = 6)],
    ['it is another member now, whatever the epoch', (state) => (state.isForgotten = true)],
  ])('goes on where the group says when %s', async (_why, change) => {
    const { state, began, commit, lose, rejoin, confirmAndEnd } = await world();
    void commit(3);
    change(state);
    state.committed = offset(1);
    await lose();
    await rejoin();
    await confirmAndEnd();
    expect(began()).toEqual(['0', '1']);
  });

  it('goes on where the group says when it was removed from it', async () => {
    const { state, session, began, commit, confirmAndEnd, rejoin } = await world();
    void commit(3);
    state.isForgotten = true;
    state.committed = offset(1);
    session.report();
    await rejoin();
    await confirmAndEnd();
    expect(began()).toEqual(['0', '1']);
  });

  it('goes on where the user sought to meanwhile', async () => {
    const { session, began, commit, lose, rejoin, confirmAndEnd } = await world();
    void commit(3);
    await lose();
    await rejoin();
    for (const partition of session.partitions) partition.seek(offset(2));
    await confirmAndEnd();
    expect(began()).toEqual(['0', '2']);
  });

  it('handles again what it did not commit', async () => {
    const { commits, calls, began, commit, lose, rejoin } = await world();
    void commit(3);
    await lose();
    await rejoin();
    commits[0]!(new Map([[1, 'FENCED_MEMBER_EPOCH' as const]]));
    calls[0]!.end();
    await turns();
    expect(began()).toEqual(['0', '0']);
  });
});
