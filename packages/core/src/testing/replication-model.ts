import type { BrokerId, PartitionState } from '../cluster/cluster-image.js';
import { offset, type Offset } from '../record/offset.js';
import { nextHighWatermark, type HighWatermarkInput } from '../replication/high-watermark.js';
import { joinOffset, proposeIsr } from '../replication/in-sync-replicas.js';
import { appendEpoch, divergence, truncationPoint } from '../replication/leader-epochs.js';
import type { EpochStart, LedPartition } from '../replication/replica-store.js';

/** One broker's database. A record is the epoch under which it was appended: each epoch has one leader, which never drops a record. */
export interface ModelBroker {
  readonly log: readonly number[];
  readonly epochs: readonly EpochStart[];
  readonly mark: number;
  /** What it last learned of the partition. */
  readonly role: PartitionState;
  readonly pendingIsr: readonly BrokerId[] | null;
  readonly joinAt: number;
  /** As a leader: log ends of all brokers as they fetched, -1 for those that have not. */
  readonly ends: readonly number[];
}

/** One partition on three brokers, what the metadata store says of it, and what was ever shown to anybody. */
export interface Model {
  readonly minIsr: number;
  readonly brokers: readonly ModelBroker[];
  readonly metadata: PartitionState;
  /** The last states of earlier leader epochs, as long as a broker may be about to learn them. */
  readonly history: readonly PartitionState[];
  /** The longest log below a high watermark that a client ever saw; what is acknowledged to all is in it. */
  readonly exposed: readonly number[];
  /** A rule that the step to this state itself broke. */
  readonly broken: string | undefined;
}

/** The rules under test: production's, or one of them replaced by a mistake. */
export interface Rules {
  readonly nextHighWatermark: (input: HighWatermarkInput) => Offset;
  readonly proposeIsr: typeof proposeIsr;
  readonly joinOffset: (led: LedPartition) => Offset | undefined;
  readonly appendEpoch: typeof appendEpoch;
  /** A new leader's list of epochs (rule C19). */
  readonly beginEpoch: typeof appendEpoch;
  readonly divergence: typeof divergence;
  readonly truncationPoint: typeof truncationPoint;
  /** What a broker keeps of its log when it begins to follow; by rule C22 all of it, until it has asked. */
  readonly keptWhenFollowing: (broker: ModelBroker) => number;
  /** Whether a fetch from where the logs part counts as progress (rule C22: no). */
  readonly countsDivergingFetch: boolean;
}

export const PRODUCTION_RULES: Rules = {
  nextHighWatermark,
  proposeIsr,
  joinOffset,
  appendEpoch,
  beginEpoch: appendEpoch,
  divergence,
  truncationPoint,
  keptWhenFollowing: ({ log }) => log.length,
  countsDivergingFetch: false,
};

export interface Bounds {
  readonly records: number;
  readonly leaderEpochs: number;
  readonly minIsr: number;
  /** Whether brokers crash and lose what is not on disk: the high watermark and what is known of followers. */
  readonly hasCrashes: boolean;
  /** Whether followers learn high watermarks; a new leader that knows none finds it anew, so this tells more only where marks are used. */
  readonly hasFollowerMarks: boolean;
}

export const BROKERS: readonly BrokerId[] = [0, 1, 2];
const NOBODY_HEARD = BROKERS.map(() => -1);

/** Broker 0 leads at epoch 1, all are in sync and know it, and no log has a record. */
export function initialModel(rules: Rules, minIsr: number): Model {
  const metadata: PartitionState = {
    partition: 0,
    partitionId: 1,
    replicas: BROKERS,
    addingReplicas: [],
    removingReplicas: [],
    isr: BROKERS,
    elr: [],
    leader: 0,
    leaderEpoch: 1,
    partitionEpoch: 1,
    isRecovering: false,
  };
  const brokers = BROKERS.map((id): ModelBroker => ({
    log: [],
    epochs: id === 0 ? rules.beginEpoch([], 1, offset(0)) : [],
    mark: 0,
    role: metadata,
    pendingIsr: null,
    joinAt: 0,
    ends: NOBODY_HEARD,
  }));
  return { minIsr, brokers, metadata, history: [], exposed: [], broken: undefined };
}

export function leads(broker: ModelBroker, id: BrokerId): boolean {
  return broker.role.leader === id;
}

/** The same with one broker replaced, and what its clients can see now. */
export function withBroker(model: Model, id: BrokerId, broker: ModelBroker): Model {
  const brokers = model.brokers.map((each, at) => (at === id ? broker : each));
  const shown = leads(broker, id) ? broker.mark : 0;
  const exposed = shown > model.exposed.length ? broker.log.slice(0, shown) : model.exposed;
  return { ...model, brokers, exposed };
}

/** The same with another state of the partition in the metadata store. */
export function withMetadata(model: Model, metadata: PartitionState): Model {
  const all = metadata.leaderEpoch > model.metadata.leaderEpoch ? [...model.history, model.metadata] : model.history;
  return { ...model, metadata, history: stillNews(all, model.brokers) };
}

/** What no broker can learn any more need not be kept, nor what nobody would lead any more. */
export function stillNews(
  history: readonly PartitionState[],
  brokers: readonly ModelBroker[],
): readonly PartitionState[] {
  return history.filter(
    (past) =>
      brokers.some(({ role }) => role.partitionEpoch < past.partitionEpoch) &&
      past.leader !== null &&
      brokers[past.leader]!.role.leaderEpoch <= past.leaderEpoch,
  );
}

/** What the ISR's keeper sees; `late` are caught up no more, nobody else is late. */
export function ledPartition(
  broker: ModelBroker,
  id: BrokerId,
  minIsr: number,
  late: BrokerId | undefined,
): LedPartition {
  const { role, log, epochs, mark, pendingIsr, ends } = broker;
  return {
    ...role,
    topicId: '',
    minIsr,
    pendingIsr,
    logStartOffset: offset(0),
    logEndOffset: offset(log.length),
    highWatermark: offset(mark),
    lastEpoch: log.at(-1) ?? -1,
    epochStartOffset: epochs.find(({ epoch }) => epoch === role.leaderEpoch)?.startOffset ?? offset(0),
    followers: BROKERS.filter((other) => other !== id).map((brokerId) => ({
      brokerId,
      brokerEpoch: 1,
      logEndOffset: offset(ends[brokerId]!),
      caughtUpAgoMs: brokerId === late ? Infinity : 0,
    })),
  };
}

/** Moves a leader's high watermark as far as its followers allow; it waits for nobody outside of the maximal ISR, as if all were late. */
export function advanced(broker: ModelBroker, id: BrokerId, rules: Rules, minIsr: number): ModelBroker {
  if (!leads(broker, id)) return broker;
  const { role, log, mark, pendingIsr, ends } = broker;
  const next = rules.nextHighWatermark({
    current: offset(mark),
    logEndOffset: offset(log.length),
    leader: id,
    replicas: BROKERS,
    isr: role.isr,
    pendingIsr,
    minIsr,
    followers: BROKERS.map((brokerId) => ({
      brokerId,
      logEndOffset: offset(ends[brokerId]!),
      caughtUpAgoMs: Infinity,
    })),
    replicaLagTimeMaxMs: 1,
  });
  return Number(next) === mark ? broker : { ...broker, mark: Number(next) };
}
