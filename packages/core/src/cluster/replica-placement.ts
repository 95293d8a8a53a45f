import { PostlogError } from '../errors/postlog-error.js';
import type { BrokerId, RegisteredBroker } from './cluster-image.js';
import { evenLeaders } from './even-leaders.js';

export interface PlacementRequest {
  /** How many partitions to place. */
  readonly partitions: number;
  readonly replicationFactor: number;
  /** The live ones. */
  readonly brokers: readonly Pick<RegisteredBroker, 'brokerId' | 'rack'>[];
  /** Replicas of the partitions that the topic has already; they stay, and new ones even them out. */
  readonly existing?: readonly (readonly BrokerId[])[];
  /** From 0 up to, not including, 1: where to begin. */
  readonly random: () => number;
}

/**
 * On which brokers each new partition has its replicas, the leader first (rule D34).
 *
 * Never two on one broker. Racks first: no rack twice while another has none. Then evenly: without racks, or with racks
 * of one size, any two brokers differ by one replica and by one leadership at most; partitions that are added to others
 * make them as even as these allow. Replicas of one leader are spread over the others, which share its work when it dies.
 *
 * @throws PostlogError `INVALID_REPLICATION_FACTOR` when there are fewer brokers than replicas are wanted.
 */
export function placeReplicas(request: PlacementRequest): readonly (readonly BrokerId[])[] {
  const { partitions, replicationFactor, brokers, existing = [] } = request;
  checkReplicationFactor(replicationFactor, brokers.length);
  const ring = ringOf(brokers, Math.floor(request.random() * brokers.length));
  const load = new Map<BrokerId, number>();
  const leads = new Map<BrokerId, number>();
  const together = new Map<string, number>();
  const note = (replicas: readonly BrokerId[]) => {
    leads.set(replicas[0]!, (leads.get(replicas[0]!) ?? 0) + 1);
    for (const broker of replicas) {
      load.set(broker, (load.get(broker) ?? 0) + 1);
      for (const other of replicas) together.set(`${broker} ${other}`, (together.get(`${broker} ${other}`) ?? 0) + 1);
    }
  };
  for (const replicas of existing) note(replicas);
  const placed: (readonly BrokerId[])[] = [];
  for (let at = 0; at < partitions; at += 1) {
    const shift = existing.length + at;
    const turned = ring.map((_, position) => ring[(position + shift) % ring.length]!);
    const replicas = chooseReplicas(turned, replicationFactor, { load, leads, together });
    note(replicas);
    placed.push(replicas);
  }
  return evenLeaders(placed, existing);
}

type RackBroker = PlacementRequest['brokers'][number];

/** By broker id, from a random start. */
function ringOf(brokers: readonly RackBroker[], start: number): readonly RackBroker[] {
  const sorted = [...brokers].sort((a, b) => a.brokerId - b.brokerId);
  return [...sorted.slice(start), ...sorted.slice(0, start)];
}

interface Counts {
  readonly load: ReadonlyMap<BrokerId, number>;
  readonly leads: ReadonlyMap<BrokerId, number>;
  /** How many partitions two brokers share, by `a b`. */
  readonly together: ReadonlyMap<string, number>;
}

/** One after another: the rack that is used least, then the broker that is; ties by the ring. */
function chooseReplicas(
  ring: readonly RackBroker[],
  count: number,
  { load, leads, together }: Counts,
): readonly BrokerId[] {
  const chosen: RackBroker[] = [];
  // Brokers without a rack are a rack each: losing one loses no other.
  const rackOf = ({ rack, brokerId }: RackBroker) => rack ?? brokerId;
  const racks = new Map<string | BrokerId, readonly RackBroker[]>();
  for (const broker of ring) racks.set(rackOf(broker), [...(racks.get(rackOf(broker)) ?? []), broker]);
  const rackLoad = (broker: RackBroker) => {
    const members = racks.get(rackOf(broker)) ?? [];
    return members.reduce((sum, { brokerId }) => sum + (load.get(brokerId) ?? 0), 0) / members.length;
  };
  const keys = (broker: RackBroker): readonly number[] => [
    chosen.filter((other) => rackOf(other) === rackOf(broker)).length,
    rackLoad(broker),
    load.get(broker.brokerId) ?? 0,
    (leads.get(broker.brokerId) ?? 0) * (chosen.length === 0 ? 1 : -1),
    chosen.reduce((sum, other) => sum + (together.get(`${broker.brokerId} ${other.brokerId}`) ?? 0), 0),
  ];
  while (chosen.length < count) {
    const candidates = ring
      .filter((broker) => !chosen.includes(broker))
      .map((broker) => ({ broker, keys: keys(broker) }));
    chosen.push(candidates.reduce((best, each) => (isLess(each.keys, best.keys) ? each : best)).broker);
  }
  return chosen.map(({ brokerId }) => brokerId);
}

function isLess(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((key, index) => key !== other[index]);
  return at >= 0 && one[at]! < other[at]!;
}

function checkReplicationFactor(replicationFactor: number, brokers: number): void {
  if (Number.isSafeInteger(replicationFactor) && replicationFactor >= 1 && replicationFactor <= brokers) return;
  throw new PostlogError(
    'INVALID_REPLICATION_FACTOR',
    `replication factor ${replicationFactor} needs as many live brokers, and there are ${brokers}; start more brokers, or ask for a factor from 1 to ${brokers}.`,
  );
}
