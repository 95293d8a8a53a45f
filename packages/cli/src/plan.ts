/** What was measured, and what is wanted. */
export interface PlanInput {
  /** Records a second that arrive. */
  readonly rate: number;
  /** Milliseconds that the handler takes for one record, on average. */
  readonly handlerMs: number;
  /** Part of the time that handlers may be at work; queues grow steeply towards 1. */
  readonly utilization: number;
  /** `partitionsConsumedConcurrently` of a member. */
  readonly concurrentPartitions: number;
  readonly keyConcurrency: number;
  /** How many times today's rate the partitions shall be enough for: their number cannot fall, and raising it moves keys. */
  readonly growth: number;
  /** Members that may be missing at any time without falling behind. */
  readonly spare: number;
}

export interface Plan {
  /** Handler calls that run at the same time on average (Little's law: rate × time). */
  readonly callsInFlight: number;
  /** Handler calls that must be able to run at the same time. */
  readonly lanes: number;
  readonly partitions: number;
  readonly members: number;
  /** Records a second that these can do at most, and with the spare members missing. */
  readonly capacity: number;
  readonly capacityWithoutSpare: number;
  /** Seconds until the backlog of a minute's standstill is worked off. */
  readonly catchUpSeconds: number;
}

/** How many partitions and members a group needs. */
export function planGroup(input: PlanInput): Plan {
  const { rate, handlerMs, utilization, concurrentPartitions, keyConcurrency, growth, spare } = input;
  const callsInFlight = (rate * handlerMs) / 1_000;
  const lanes = Math.max(1, Math.ceil(callsInFlight / utilization));
  const busyPartitions = Math.ceil(lanes / keyConcurrency);
  const members = Math.ceil(busyPartitions / concurrentPartitions) + spare;
  // A multiple of the members, so that all have equally many.
  const partitions = members * Math.max(1, Math.ceil(Math.max(busyPartitions * growth, members) / members));
  const capacityOf = (present: number) => {
    const perMember = Math.min(concurrentPartitions, Math.floor(partitions / present));
    return (present * perMember * keyConcurrency * 1_000) / handlerMs;
  };
  const capacity = capacityOf(members);
  return {
    callsInFlight,
    lanes,
    partitions,
    members,
    capacity,
    capacityWithoutSpare: capacityOf(members - spare),
    catchUpSeconds: (rate * 60) / (capacity - rate),
  };
}
