import type { BrokerId } from './cluster-image.js';

/**
 * The same replicas, each partition's leader first, chosen so that leaderships are as even as the replicas allow: where
 * brokers have the same number of replicas, within one.
 *
 * Each partition in turn goes to the broker with the fewest leaderships that can be reached by handing leaderships on:
 * one that a busy broker would lead, another replica of one of its partitions may take instead. That such chains keep
 * the whole even is the theory of optimal semi-matchings. Existing partitions count, but keep their leaders.
 */
export function evenLeaders(
  partitions: readonly (readonly BrokerId[])[],
  existing: readonly (readonly BrokerId[])[],
): readonly (readonly BrokerId[])[] {
  const leads = new Map([...existing, ...partitions].flat().map((broker) => [broker, 0]));
  const ledBy = new Map<BrokerId, Set<number>>();
  const leaders: BrokerId[] = [];
  const count = (broker: BrokerId, by: number) => leads.set(broker, (leads.get(broker) ?? 0) + by);
  for (const [leader] of existing) if (leader !== undefined) count(leader, 1);

  partitions.forEach((replicas, at) => {
    const path = pathToLeastBusy(replicas, { partitions, leads, ledBy });
    // From the far end: each broker on the way hands one partition on and takes the one before it.
    let freed = at;
    for (const { broker, handsOn } of path) {
      leaders[freed] = broker;
      ledBy.set(broker, (ledBy.get(broker) ?? new Set()).add(freed));
      if (handsOn === undefined) count(broker, 1);
      else {
        ledBy.get(broker)!.delete(handsOn);
        freed = handsOn;
      }
    }
  });
  return partitions.map((replicas, at) => [leaders[at]!, ...replicas.filter((broker) => broker !== leaders[at])]);
}

interface Leaderships {
  readonly partitions: readonly (readonly BrokerId[])[];
  readonly leads: ReadonlyMap<BrokerId, number>;
  readonly ledBy: ReadonlyMap<BrokerId, ReadonlySet<number>>;
}

interface Step {
  readonly broker: BrokerId;
  /** The partition that it hands on to the next; undefined at the end of the path. */
  readonly handsOn: number | undefined;
}

/** Breadth first, from the replicas of a partition over those of partitions that they lead. */
function pathToLeastBusy(replicas: readonly BrokerId[], { partitions, leads, ledBy }: Leaderships): readonly Step[] {
  const from = new Map<BrokerId, { readonly broker: BrokerId; readonly handsOn: number } | undefined>();
  for (const broker of replicas) from.set(broker, undefined);
  const leadsOf = (broker: BrokerId) => leads.get(broker) ?? 0;
  const fewest = Math.min(...leads.values());
  let best = replicas[0]!;
  // What is added to the map on the way is visited too.
  for (const broker of from.keys()) {
    if (leadsOf(broker) < leadsOf(best)) best = broker;
    if (leadsOf(best) === fewest) break;
    for (const led of ledBy.get(broker) ?? []) {
      for (const other of partitions[led]!) if (!from.has(other)) from.set(other, { broker, handsOn: led });
    }
  }
  const path: Step[] = [{ broker: best, handsOn: undefined }];
  for (let step = from.get(best); step !== undefined; step = from.get(step.broker)) path.unshift(step);
  return path;
}
