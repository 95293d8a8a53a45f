import type { BrokerId, PartitionState } from '../cluster/cluster-image.js';
import { BROKERS, leads, type Model, type ModelBroker } from './replication-model.js';

/**
 * One text for all states that differ only in the names of brokers, or in what nobody can tell: brokers are put in order
 * of what each is by itself, and where that is equal, the smallest text of all orders counts.
 *
 * A deposed leader whose high watermark can move no more is told by its log and its mark alone.
 * Of a log's epochs only one without records behind the last record needs to be told: R8 says that the others follow from it. Of
 * what was shown the length: R5 says whose log it is in. Partition epochs count as newer or not.
 */
export function modelKey(model: Model): string {
  const own = BROKERS.map((id) => ownText(model, id));
  const [a, b, c] = [own[0]!, own[1]!, own[2]!];
  const sorted = [...BROKERS].sort((one, other) => (own[one]! < own[other]! ? -1 : own[one]! > own[other]! ? 1 : 0));
  if (a !== b && b !== c && a !== c) return textIn(model, own, sorted);
  let smallest: string | undefined;
  for (const order of ORDERS) {
    if (order.some((id, at) => own[id] !== own[sorted[at]!])) continue;
    const text = textIn(model, own, order);
    if (smallest === undefined || text < smallest) smallest = text;
  }
  return smallest!;
}

const ORDERS: readonly (readonly BrokerId[])[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

/** What a broker is without regard to others. */
function ownText(model: Model, id: BrokerId): string {
  const { metadata } = model;
  const broker = model.brokers[id]!;
  const { log, epochs, mark, role, pendingIsr, joinAt } = broker;
  let records = 1;
  for (const record of log) records = records * 4 + record;
  const last = epochs.at(-1);
  const empty = last !== undefined && Number(last.startOffset) === log.length ? last.epoch : 0;
  const isLeader = leads(broker, id);
  const isDone = isLeader && hasStopped(model, id);
  const standing =
    (metadata.leader === id ? 1 : 0) +
    (metadata.isr.includes(id) ? 2 : 0) +
    (metadata.elr.includes(id) ? 4 : 0) +
    (isLeader ? 16 : 0) +
    (isDone ? 8 : 0) +
    (isLeader && !isDone && hasNews(model, role) ? 32 : 0) +
    (pendingIsr === null || isDone ? 0 : 64);
  return String.fromCharCode(
    records,
    standing,
    ((epochText(model, role) * 8 + empty) * 8 + mark) * 8 + (isDone ? 0 : joinAt) + 1,
  );
}

/** The epoch under which a broker is; where nobody leads under it any more, by what it may yet learn. */
function epochText({ brokers, history }: Model, { leader, leaderEpoch, partitionEpoch }: PartitionState): number {
  if (leader !== null && brokers[leader]!.role.leaderEpoch <= leaderEpoch) return leaderEpoch;
  return 4 + history.filter((past) => past.partitionEpoch > partitionEpoch).length;
}

/** Whether there is another ISR to learn under the epoch that it leads; for the newest epoch that is to be behind the metadata store. */
function hasNews({ metadata, history }: Model, role: PartitionState): boolean {
  const latest = [...history, metadata].find(({ leaderEpoch }) => leaderEpoch === role.leaderEpoch);
  return latest !== undefined && latest.partitionEpoch > role.partitionEpoch;
}

/**
 * A leader of an earlier epoch whose mark stands for good, also with the last ISR of its epoch: that is too small, or a member
 * has moved on and will never fetch under this epoch again.
 */
function hasStopped(model: Model, id: BrokerId): boolean {
  const broker = model.brokers[id]!;
  const { role, pendingIsr } = broker;
  if (role.leaderEpoch >= model.metadata.leaderEpoch) return false;
  if (!stands(model, id, role.isr, pendingIsr ?? [], broker.ends)) return false;
  const last = model.history.find(({ leaderEpoch }) => leaderEpoch === role.leaderEpoch);
  return (
    last === undefined || last.partitionEpoch <= role.partitionEpoch || stands(model, id, last.isr, [], broker.ends)
  );
}

function stands(
  { brokers, minIsr }: Model,
  id: BrokerId,
  isr: readonly BrokerId[],
  pending: readonly BrokerId[],
  ends: ModelBroker['ends'],
): boolean {
  const { role, mark } = brokers[id]!;
  const hasGone = (other: BrokerId) =>
    other !== id && brokers[other]!.role.leaderEpoch > role.leaderEpoch && ends[other]! <= mark;
  return isr.length < minIsr || isr.some(hasGone) || pending.some(hasGone);
}

/** Whether the leader of an earlier epoch may yet learn its last ISR, and move its mark by it. */
function isrMatters(model: Model, past: PartitionState): boolean {
  const { leader, leaderEpoch, isr } = past;
  if (leader === null) return false;
  const { role } = model.brokers[leader]!;
  if (role.partitionEpoch >= past.partitionEpoch) return false;
  if (role.leaderEpoch === leaderEpoch) return !hasStopped(model, leader);
  const hasGone = (other: BrokerId) => other !== leader && model.brokers[other]!.role.leaderEpoch > leaderEpoch;
  return isr.length >= model.minIsr && !isr.some(hasGone);
}

function textIn(model: Model, own: readonly string[], order: readonly BrokerId[]): string {
  const place = [0, 0, 0];
  order.forEach((id, at) => (place[id] = at));
  const mask = (list: readonly BrokerId[]) => list.reduce((bits, id) => bits | (1 << place[id]!), 0);
  const leader = (id: BrokerId | null) => (id === null ? 3 : place[id]!);
  let text = String.fromCharCode(model.metadata.leaderEpoch * 8 + model.exposed.length + 1);
  for (const past of model.history) {
    text += String.fromCharCode(
      (past.leaderEpoch * 4 + leader(past.leader)) * 8 + (isrMatters(model, past) ? mask(past.isr) : 0) + 1,
    );
  }
  text += '|';
  for (const id of order) {
    const broker = model.brokers[id]!;
    text += own[id]!;
    if (!leads(broker, id) || hasStopped(model, id)) continue;
    const ends = order.filter((other) => other !== id).map((other) => broker.ends[other]! + 1);
    const isr = mask(broker.role.isr) * 8 + (broker.pendingIsr === null ? 0 : mask(broker.pendingIsr));
    text += String.fromCharCode(isr * 64 + ends[0]! * 8 + ends[1]! + 1);
  }
  return text;
}
