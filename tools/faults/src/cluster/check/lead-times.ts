import type { Anomaly } from '../../history.js';
import type { RunHistory, Send } from '../history.js';
import type { FinalLog, Sample, SeenBatch, SeenNode, SeenPartition, SeenReplica } from '../samples.js';
import { metadataOf } from './samples.js';

/** Two clocks of one machine are compared: the events', and the databases', which may be slewed. */
const CLOCKS_DIFFER_MS = 100;

/**
 * Whether what was acknowledged was taken by a leader in its time: under its epoch, and before the time to lead that stands in its database was over.
 *
 * A35: it is in the log, and nobody who might lead under its epoch was there to take it. A1: the leader alone acknowledged it, and it is lost, though only
 * an election loses such a record: one that ended the reign under which it was taken.
 *
 * The probe looks now and then, so a database that changed between two looks may have led all the time between them, and one that was not seen may have led
 * as well. That excuses some of the guilty, and accuses nobody else.
 */
export function acksOutOfTime(
  history: RunHistory,
  { samples, logs }: { readonly samples: readonly Sample[]; readonly logs: readonly FinalLog[] },
  readsAreComplete: (key: string) => boolean,
): Anomaly[] {
  const isRead = readsOf(history);
  const partitions = partitionsIn(samples, logs);
  return history.sends.flatMap((send) => {
    const { key, value, offset, acks, outcome } = send;
    const partition = partitions.get(key);
    if (outcome !== 'ok' || partition === undefined) return [];
    const where = `${value} was acknowledged at ${key}:${offset}`;
    if (isRead.has(`${key}:${offset} ${value}`)) {
      if (partition.mightBeKept(send)) return [];
      return [{ code: 'A35', detail: `${where}, by a leader whose time was over` }];
    }
    const isLost = acks === 'leader' && readsAreComplete(key) && !isRead.has(`${key} ${value}`);
    if (!isLost || partition.mightBeLost(send)) return [];
    return [{ code: 'A1', detail: `${where} by the leader alone and is lost, though nobody led then who was deposed` }];
  });
}

/** Values by where they are in the end, and by the partition in which anybody ever read them. */
function readsOf({ polls }: RunHistory): Set<string> {
  const reads = polls.flatMap(({ key, mode, records }) =>
    records.flatMap(([offset, value]) => [
      `${key} ${value}`,
      ...(mode === 'final' ? [`${key}:${offset} ${value}`] : []),
    ]),
  );
  return new Set(reads);
}

function partitionsIn(samples: readonly Sample[], logs: readonly FinalLog[]): Map<string, LeadTimes> {
  const nodes = samples.flatMap((sample) => sample.nodes).sort((one, other) => one.at - other.at);
  const newest = new Map(metadataOf(samples).flatMap(({ partitions }) => partitions.map((each) => [each.key, each])));
  return new Map([...newest].map(([key, partition]) => [key, new LeadTimes(partition, nodes, logs)]));
}

/** A broker might lead, under one of these epochs, between these times. */
interface Span {
  readonly epochs: readonly [first: number, last: number];
  readonly from: number;
  to: number;
}

/** Who might lead a partition when. */
class LeadTimes {
  readonly #spans: readonly Span[];
  /** What all replicas hold in the end. */
  readonly #batches: readonly SeenBatch[];
  readonly #lastEpoch: number;

  constructor(
    { partitionId, leaderEpoch, replicas }: SeenPartition,
    nodes: readonly SeenNode[],
    logs: readonly FinalLog[],
  ) {
    const own = logs.filter((log) => log.partitionId === partitionId);
    const epochs = own.flatMap(({ epochStarts }) => epochStarts.map(({ epoch }) => epoch));
    this.#lastEpoch = Math.max(leaderEpoch, ...epochs);
    this.#batches = own.sort((one, other) => other.highWatermark - one.highWatermark)[0]?.batches ?? [];
    this.#spans = replicas.flatMap((brokerId) => {
      const looks = nodes
        .filter((node) => node.brokerId === brokerId)
        .flatMap(({ askedAt, at, replicas: seen }) => {
          const replica = seen.find((each) => each.partitionId === partitionId);
          return replica === undefined ? [] : [{ askedAt, at, replica }];
        });
      return spansOf(looks, this.#lastEpoch);
    });
  }

  /** Whether somebody might take a record that is in the log: under the epoch that its batch has. */
  mightBeKept(send: Send): boolean {
    const epoch = this.#epochAt(send.offset);
    return this.#mightBeTaken(send, (taken) => epoch === undefined || taken === epoch);
  }

  /** Whether somebody might take a record and lose it: under an epoch that is not the last, and of which the log holds nothing at its offset. */
  mightBeLost(send: Send): boolean {
    const epoch = this.#epochAt(send.offset);
    return this.#mightBeTaken(send, (taken) => taken !== epoch && taken !== this.#lastEpoch);
  }

  #mightBeTaken({ invokedAt, endedAt }: Send, fits: (epoch: number) => boolean): boolean {
    return this.#spans.some(
      ({ from, to, epochs }) => from <= endedAt && to >= invokedAt && range(...epochs).some((each) => fits(each)),
    );
  }

  #epochAt(offset: number | null): number | undefined {
    if (offset === null) return undefined;
    const place = firstThat(this.#batches.length, (each) => this.#batches[each]!.lastOffset >= offset);
    const found = this.#batches[place];
    return found !== undefined && found.baseOffset <= offset ? found.leaderEpoch : undefined;
  }
}

/** A look into a database, as to one partition. */
interface Look {
  readonly askedAt: number;
  readonly at: number;
  readonly replica: SeenReplica;
}

function spansOf(looks: readonly Look[], lastEpoch: number): Span[] {
  const [first, last] = [looks[0], looks.at(-1)];
  if (first === undefined || last === undefined) return [{ epochs: [0, lastEpoch], from: -Infinity, to: Infinity }];
  const spans: Span[] = [{ epochs: [0, first.replica.leaderEpoch], from: -Infinity, to: first.at }];
  looks.slice(1).forEach((after, place) => {
    const span = between(looks[place]!, after);
    const before = spans.at(-1)!;
    if (span === undefined) return;
    if (String(span.epochs) === String(before.epochs) && span.from <= before.to)
      before.to = Math.max(before.to, span.to);
    else spans.push(span);
  });
  return [...spans, { epochs: [last.replica.leaderEpoch, lastEpoch], from: last.askedAt, to: Infinity }];
}

/** Two looks, one after the other: where the time to lead is the same in both, it was so all the time. */
function between(before: Look, after: Look): Span | undefined {
  const [one, other] = [before.replica, after.replica];
  const epochs = epochsLed(one, other);
  const overAt = Math.min(before.at + one.leadsForMs, after.at + other.leadsForMs) + CLOCKS_DIFFER_MS;
  const to = one.leadUntil === other.leadUntil ? Math.min(overAt, after.at) : after.at;
  return epochs === undefined || to < before.askedAt ? undefined : { epochs, from: before.askedAt, to };
}

/** Who follows in an epoch does not lead in it. */
function epochsLed(one: SeenReplica, other: SeenReplica): Span['epochs'] | undefined {
  const [first, last] = [one.leaderEpoch, other.leaderEpoch];
  if (first > last) return [last, first]; // An older copy of it.
  const led = [one.role === 'leader' ? first : first + 1, other.role === 'leader' ? last : last - 1] as const;
  if (led[0] <= led[1]) return led;
  return first === last && one.role !== other.role ? [first, last] : undefined;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => first + place);
}

/** The first of so many places for which something holds that holds for all after it. */
function firstThat(length: number, holds: (place: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
