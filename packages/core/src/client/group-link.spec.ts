import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError, type Outcome } from '../errors/postlog-error.js';
import type { Coordinator } from '../group/group-coordinator.js';
import { Purgatory } from '../runtime/purgatory.js';
import { groupKey } from '../broker/wake-up.js';
import type { Cluster, GroupSeat } from './cluster.js';
import { GroupLink } from './group-link.js';

/** A group that has one coordinator after another, each time it is forgotten. */
function world(names: readonly string[]) {
  const seats = names.map((name, brokerId) => ({
    brokerId,
    coordinator: { name } as unknown as Coordinator,
    groupsChanged: new Purgatory<string>(),
  }));
  const clock = { monotonic: () => 0, sleep: () => Promise.resolve() };
  let at = 0;
  const listeners = new Set<() => void>();
  const cluster = {
    clock,
    random: { next: () => 0.5 },
    knownCoordinator: () => ({ brokerId: at, leaderEpoch: at }),
    onLeadersChanged: (run: () => void) => {
      listeners.add(run);
      return () => listeners.delete(run);
    },
    coordinatorOf: (): Promise<GroupSeat> => Promise.resolve(seats[at]!),
    forgetCoordinator: () => void (at = Math.min(at + 1, seats.length - 1)),
  } as unknown as Cluster;
  /** Another one is elected, and this process hears of it. */
  const elect = () => {
    at += 1;
    for (const run of listeners) run();
  };
  return { cluster, seats, elect, listeners };
}
const nameOf = (coordinator: Coordinator) => (coordinator as unknown as { name: string }).name;
/** Answers where it was asked, except that these refuse. */
const refusing =
  (refusals: Readonly<Record<string, [ErrorCode, Outcome?]>>) =>
  (coordinator: Coordinator): Promise<string> => {
    const refusal = refusals[nameOf(coordinator)];
    if (refusal === undefined) return Promise.resolve(nameOf(coordinator));
    return Promise.reject(new PostlogError(refusal[0], 'x', { outcome: refusal[1] ?? 'failed' }));
  };

describe('the way to a coordinator', () => {
  it.each<ErrorCode>([
    'NOT_COORDINATOR',
    'COORDINATOR_NOT_AVAILABLE',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'NETWORK_EXCEPTION',
  ])('leads to another one after %s', async (code) => {
    const link = new GroupLink({ cluster: world(['a', 'b']).cluster, groupId: 'g' });
    await expect(link.call(refusing({ a: [code] }))).rejects.toMatchObject({ code });
    expect(await link.call(refusing({}))).toBe('b');
  });

  it('does not wait for one that was deposed', async () => {
    const { cluster, elect, listeners } = world(['a', 'b']);
    const link = new GroupLink({ cluster, groupId: 'g' });
    const waiting = link.call(() => new Promise(() => {}));
    elect();
    await expect(waiting).rejects.toMatchObject({ code: 'NOT_COORDINATOR', outcome: 'unknown' });
    expect(listeners.size).toBe(0);
  });

  it('stays after errors that say nothing about the coordinator', async () => {
    const link = new GroupLink({ cluster: world(['a', 'b']).cluster, groupId: 'g' });
    await expect(link.call(refusing({ a: ['FENCED_MEMBER_EPOCH'] }))).rejects.toMatchObject({
      code: 'FENCED_MEMBER_EPOCH',
    });
    expect(await link.call(refusing({}))).toBe('a');
  });

  it('is tried again until somebody answers, for as long as is allowed', async () => {
    const refusals = { a: ['NETWORK_EXCEPTION', 'unknown'], b: ['COORDINATOR_LOAD_IN_PROGRESS'] } as const;
    const patient = new GroupLink({ cluster: world(['a', 'b', 'c']).cluster, groupId: 'g' });
    expect(await patient.callPatiently(refusing(refusals as never), { patienceMs: 10_000 })).toBe('c');
    const hasty = new GroupLink({ cluster: world(['a', 'b', 'c']).cluster, groupId: 'g' });
    await expect(hasty.callPatiently(refusing(refusals as never), { patienceMs: 10 })).rejects.toMatchObject({
      code: 'NETWORK_EXCEPTION',
    });
  });

  it.each<Outcome>(['unknown', 'failed'])('is left in doubt as much as any attempt was: %s', async (outcome) => {
    const link = new GroupLink({ cluster: world(['a', 'b', 'c']).cluster, groupId: 'g' });
    const work = refusing({ a: ['NETWORK_EXCEPTION', outcome], b: ['COORDINATOR_LOAD_IN_PROGRESS'] });
    await expect(link.callPatiently(work, { patienceMs: 150 })).rejects.toMatchObject({
      code: 'COORDINATOR_LOAD_IN_PROGRESS',
      outcome,
    });
  });

  it('is not tried again in doubt where a repeat would not be harmless', async () => {
    const link = new GroupLink({ cluster: world(['a', 'b']).cluster, groupId: 'g' });
    const work = refusing({ a: ['NETWORK_EXCEPTION', 'unknown'] });
    const options = { patienceMs: 10_000, isRepeatHarmless: false };
    await expect(link.callPatiently(work, options)).rejects.toMatchObject({ outcome: 'unknown' });
  });

  it('brings the wake-ups of whoever coordinates now, until it is closed', async () => {
    const { cluster, seats } = world(['a', 'b']);
    let wakeUps = 0;
    const link = new GroupLink({ cluster, groupId: 'g', onWakeUp: () => (wakeUps += 1) });
    await link.call(refusing({}));
    seats[0]!.groupsChanged.wake(groupKey('g'));
    expect(wakeUps).toBe(1);
    await link.call(refusing({ a: ['NOT_COORDINATOR'] })).catch(() => {});
    await link.call(refusing({}));
    seats[0]!.groupsChanged.wake(groupKey('g'));
    expect(wakeUps).toBe(1);
    seats[1]!.groupsChanged.wake(groupKey('g'));
    expect(wakeUps).toBe(2);
    link.close();
    seats[1]!.groupsChanged.wake(groupKey('g'));
    expect(wakeUps).toBe(2);
  });
});
