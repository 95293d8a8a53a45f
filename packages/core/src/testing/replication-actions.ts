import type { BrokerId, BrokerState, PartitionState, RegisteredBroker } from '../cluster/cluster-image.js';
import { decideController } from '../cluster/controller-decisions.js';
import { changeIsr, drainLeader } from '../cluster/leader-election.js';
import { offset } from '../record/offset.js';
import { lastEpochOf, truncateEpochs } from '../replication/leader-epochs.js';
import {
  advanced,
  BROKERS,
  leads,
  ledPartition,
  stillNews,
  withBroker,
  withMetadata,
  type Bounds,
  type Model,
  type ModelBroker,
  type Rules,
} from './replication-model.js';

export interface ModelStep {
  readonly action: string;
  readonly state: Model;
}

/** Everything that may happen next, to anybody, within the bounds. */
export function nextSteps(model: Model, rules: Rules, bounds: Bounds): readonly ModelStep[] {
  const steps: ModelStep[] = [];
  const add = (state: Model | undefined, id: BrokerId, does: string, about: number | string = '') => {
    if (state !== undefined) steps.push({ action: `${id} ${does} ${about}`, state });
  };
  for (const id of BROKERS) {
    const broker = model.brokers[id]!;
    add(fetch(model, id, rules, bounds), id, 'fetches');
    for (const news of model.history)
      add(learn(model, id, news, rules, bounds), id, 'learns late of epoch', news.leaderEpoch);
    add(learn(model, id, model.metadata, rules, bounds), id, 'learns of epoch', model.metadata.leaderEpoch);
    if (bounds.hasCrashes) add(crash(model, id), id, 'crashes');
    if (!leads(broker, id)) continue;
    add(append(model, id, rules, bounds), id, 'appends');
    add(commit(model, id, bounds), id, 'has its proposal accepted');
    add(withdraw(model, id), id, 'takes its proposal back');
    for (const other of BROKERS) {
      add(propose(model, id, other, 'out', rules, bounds), id, 'proposes without', other);
      add(propose(model, id, other, 'in', rules, bounds), id, 'proposes with', other);
    }
  }
  for (const { action, metadata } of controllerSteps(model.metadata, bounds)) {
    steps.push({ action, state: withMetadata(model, metadata) });
  }
  return steps;
}

function append(model: Model, id: BrokerId, rules: Rules, { records, minIsr }: Bounds): Model | undefined {
  const broker = model.brokers[id]!;
  if (!leads(broker, id) || broker.log.length >= records) return undefined;
  const log = [...broker.log, broker.role.leaderEpoch];
  const epochs = rules.appendEpoch(broker.epochs, broker.role.leaderEpoch, offset(broker.log.length));
  return withBroker(model, id, advanced({ ...broker, log, epochs }, id, rules, minIsr));
}

/** Acknowledges, is told where logs part and cuts there, or copies the next record: nothing in between is seen by anybody else. */
function fetch(model: Model, id: BrokerId, rules: Rules, bounds: Bounds): Model | undefined {
  const follower = model.brokers[id]!;
  const leaderId = follower.role.leader;
  if (leaderId === null || leaderId === id) return undefined;
  const leader = model.brokers[leaderId]!;
  if (!leads(leader, leaderId) || leader.role.leaderEpoch !== follower.role.leaderEpoch) return undefined;
  const end = offset(follower.log.length);
  const parts = rules.divergence(
    { epochs: leader.epochs, logEndOffset: offset(leader.log.length) },
    end,
    lastEpochOf(follower.epochs, end),
  );
  const noted =
    parts === undefined || rules.countsDivergingFetch
      ? advanced(heard(leader, id, follower.log.length), leaderId, rules, bounds.minIsr)
      : leader;
  const after = withBroker(model, leaderId, noted);
  if (parts !== undefined) {
    const to = Number(rules.truncationPoint({ epochs: follower.epochs, logEndOffset: end }, parts));
    const broken = to < follower.log.length ? undefined : 'R9 NoFetchBeforeTruncate: nothing was cut';
    return { ...withBroker(after, id, cut(follower, to)), broken };
  }
  const isPrefix = follower.log.every((record, at) => leader.log[at] === record);
  const broken = isPrefix ? undefined : 'R9 NoFetchBeforeTruncate: the follower copies to a log that differs';
  return { ...withBroker(after, id, copied(follower, noted, rules, bounds)), broken };
}

function copied(follower: ModelBroker, leader: ModelBroker, rules: Rules, { hasFollowerMarks }: Bounds): ModelBroker {
  const at = follower.log.length;
  const record = leader.log[at];
  const log = record === undefined ? follower.log : [...follower.log, record];
  const epochs = record === undefined ? follower.epochs : rules.appendEpoch(follower.epochs, record, offset(at));
  const mark = hasFollowerMarks ? Math.max(follower.mark, Math.min(leader.mark, log.length)) : follower.mark;
  return { ...follower, log, epochs, mark };
}

function cut(broker: ModelBroker, to: number): ModelBroker {
  if (to >= broker.log.length) return broker;
  const epochs = truncateEpochs(broker.epochs, offset(to));
  return { ...broker, log: broker.log.slice(0, to), epochs, mark: Math.min(broker.mark, to) };
}

function learn(model: Model, id: BrokerId, role: PartitionState, rules: Rules, bounds: Bounds): Model | undefined {
  const broker = model.brokers[id]!;
  const isNewEpoch = role.leaderEpoch > broker.role.leaderEpoch;
  // A follower has no use for another ISR under the same leader, and who hears of no leader can do less than before.
  if (role.leader === null || role.partitionEpoch <= broker.role.partitionEpoch || (!isNewEpoch && role.leader !== id))
    return undefined;
  const settled = { ...broker, role, pendingIsr: null, joinAt: 0 };
  const after =
    role.leader !== id
      ? cut({ ...settled, ends: BROKERS.map(() => -1) }, rules.keptWhenFollowing(broker))
      : isNewEpoch
        ? {
            ...settled,
            ends: BROKERS.map(() => -1),
            epochs: rules.beginEpoch(broker.epochs, role.leaderEpoch, offset(broker.log.length)),
          }
        : settled;
  const learned = withBroker(model, id, advanced(after, id, rules, bounds.minIsr));
  const broken = role.leaderEpoch < broker.role.leaderEpoch ? 'R3 MonotonicEpoch' : undefined;
  return { ...learned, history: stillNews(learned.history, learned.brokers), broken };
}

const registered = (brokerId: BrokerId, state: BrokerState): RegisteredBroker => ({
  brokerId,
  rack: null,
  address: '',
  identity: { systemIdentifier: '', timelineId: 1, incarnation: 1, flushedWal: '0' },
  brokerEpoch: 1,
  state,
});
/** As the leader believes; whether they are fenced is compared when the proposal arrives. */
const ALL_ACTIVE = BROKERS.map((id) => new Map([[id, registered(id, 'active')]]));

function propose(
  model: Model,
  id: BrokerId,
  other: BrokerId,
  way: 'in' | 'out',
  rules: Rules,
  { minIsr }: Bounds,
): Model | undefined {
  const broker = model.brokers[id]!;
  if (!leads(broker, id) || other === id || broker.pendingIsr !== null) return undefined;
  if (broker.role.isr.includes(other) !== (way === 'out')) return undefined;
  const led = ledPartition(broker, id, minIsr, way === 'out' ? other : undefined);
  const isr = rules.proposeIsr(led, way === 'in' ? ALL_ACTIVE[other]! : new Map(), 1);
  const joinAt = way === 'in' ? rules.joinOffset(led) : offset(0);
  if (isr === undefined || joinAt === undefined) return undefined;
  const waits = broker.ends[other]! < joinAt;
  return withBroker(model, id, { ...broker, pendingIsr: isr, joinAt: waits ? Number(joinAt) : 0 });
}

/** The compare-and-set on both epochs, once who joins has reached its offset. */
function commit(model: Model, id: BrokerId, { minIsr }: Bounds): Model | undefined {
  const broker = model.brokers[id]!;
  if (broker.pendingIsr === null || !isCurrent(model, broker)) return undefined;
  const joining = broker.pendingIsr.filter((member) => !broker.role.isr.includes(member));
  if (broker.joinAt > 0) return undefined;
  const start = Number(broker.epochs.find(({ epoch }) => epoch === broker.role.leaderEpoch)?.startOffset ?? 0);
  const isEarly = (member: BrokerId) => model.brokers[member]!.log.length < Math.max(broker.mark, start);
  const accepted = withMetadata(model, changeIsr(model.metadata, broker.pendingIsr, minIsr));
  return { ...accepted, broken: joining.some(isEarly) ? 'R10 IsrExpand' : undefined };
}

/**
 * A proposal that was never sent is taken back. One whose fate is not known is settled by raising the partition epoch, which
 * ends in the same: until the leader learns of it, it can do less than before.
 */
function withdraw(model: Model, id: BrokerId): Model | undefined {
  const broker = model.brokers[id]!;
  if (broker.pendingIsr === null || !isCurrent(model, broker)) return undefined;
  return withBroker(model, id, { ...broker, pendingIsr: null, joinAt: 0 });
}

function isCurrent({ metadata }: Model, { role }: ModelBroker): boolean {
  return role.leaderEpoch === metadata.leaderEpoch && role.partitionEpoch === metadata.partitionEpoch;
}

/** The mark was on disk never, and nothing is known of followers. */
function crash(model: Model, id: BrokerId): Model | undefined {
  const broker = model.brokers[id]!;
  if (broker.mark === 0 && broker.ends.every((end) => end < 0)) return undefined;
  return withBroker(model, id, { ...broker, mark: 0, ends: BROKERS.map(() => -1) });
}

interface ControllerStep {
  readonly action: string;
  readonly metadata: PartitionState;
}

const CONTROLLER_STEPS = new Map<string, readonly ControllerStep[]>();

/**
 * What may become of the partition when any of the brokers lose their session at once, or leadership moves although nobody
 * failed. Whoever was fenced may be back at once, so that need not be remembered; any order of assignment is tried.
 */
function controllerSteps(metadata: PartitionState, bounds: Bounds): readonly ControllerStep[] {
  const { leader, leaderEpoch, isr, elr, partitionEpoch } = metadata;
  const key = [leader, leaderEpoch, isr.join('+'), elr.join('+'), bounds.minIsr, bounds.leaderEpochs].join();
  let steps = CONTROLLER_STEPS.get(key);
  if (steps === undefined) CONTROLLER_STEPS.set(key, (steps = decideSteps(metadata, bounds)));
  return steps.map((step) => ({ ...step, metadata: { ...step.metadata, partitionEpoch: partitionEpoch + 1 } }));
}

function decideSteps(before: PartitionState, { minIsr, leaderEpochs }: Bounds): readonly ControllerStep[] {
  const steps = new Map<string, ControllerStep>();
  const add = (action: string, metadata: PartitionState | undefined) => {
    if (metadata === undefined || metadata.leaderEpoch > leaderEpochs) return;
    const { leader, isr, elr } = metadata;
    if (!steps.has([leader, isr, elr].join('|'))) steps.set([leader, isr, elr].join('|'), { action, metadata });
  };
  for (const gone of SUBSETS) {
    for (const first of BROKERS)
      add(`[${gone.join()}] are fenced, ${first} is preferred`, control(before, gone, first, minIsr));
  }
  for (const next of BROKERS) {
    if (before.leader === null || before.leader === next) continue;
    add(`leadership moves to ${next}`, drainLeader(before, before.leader, new Set([next]), minIsr));
  }
  return [...steps.values()];
}

const SUBSETS: readonly (readonly BrokerId[])[] = [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]];

function control(
  before: PartitionState,
  gone: readonly BrokerId[],
  first: BrokerId,
  minIsr: number,
): PartitionState | undefined {
  const partition = { ...before, replicas: [first, ...BROKERS.filter((id) => id !== first)] };
  const config = { 'min.insync.replicas': String(minIsr) };
  const topic = { topic: 't', topicId: '', config, replicationFactor: 3, partitions: [partition] };
  const image = {
    revision: 0n,
    brokers: new Map(BROKERS.map((id) => [id, registered(id, gone.includes(id) ? 'fenced' : 'active')])),
    topics: new Map([['t', topic]]),
  };
  const decided = decideController({ image, aliveBrokers: new Set(BROKERS) })?.topics[0]?.partitions[0];
  const inOrder = (list: readonly BrokerId[]) => BROKERS.filter((id) => list.includes(id));
  return decided && { ...decided, replicas: BROKERS, isr: inOrder(decided.isr), elr: inOrder(decided.elr) };
}

/** A leader that hears how far a follower is; nobody waits any more for one that has reached what it must to join. */
function heard(leader: ModelBroker, follower: BrokerId, end: number): ModelBroker {
  const ends = leader.ends.map((each, id) => (id === follower ? end : each));
  const joining = leader.pendingIsr?.find((member) => !leader.role.isr.includes(member));
  return { ...leader, ends, joinAt: joining === follower && end >= leader.joinAt ? 0 : leader.joinAt };
}
