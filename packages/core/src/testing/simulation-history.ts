import type { ReplicatedBatch } from '../replication/replica-store.js';
import { labelOf } from './simulation-batches.js';

export interface Acknowledged {
  readonly partitionId: number;
  readonly label: string;
  readonly baseOffset: bigint;
  readonly acks: 1 | 'all';
}

/** What clients were told: the only thing that the promises are about. */
export class SimulationHistory {
  readonly acknowledged: Acknowledged[] = [];
  /** By partition id, then by base offset. */
  readonly shown = new Map<number, Map<bigint, string>>();
  readonly #violate: (what: string) => void;

  constructor(violate: (what: string) => void) {
    this.#violate = violate;
  }

  /** A reader was shown this; it must be what everybody is ever shown there. */
  show(partitionId: number, { baseOffset, bytes }: ReplicatedBatch): void {
    const label = labelOf(bytes);
    const shown = this.shown.get(partitionId) ?? new Map<bigint, string>();
    this.shown.set(partitionId, shown.set(baseOffset, shown.get(baseOffset) ?? label));
    const before = shown.get(baseOffset);
    if (before !== label)
      this.#violate(`Readers were shown ${before} and ${label} at offset ${baseOffset} of partition ${partitionId}.`);
  }

  /** Compares what was told with the log as it is at the end. */
  compare(partitionId: number, log: readonly ReplicatedBatch[]): void {
    const byOffset = new Map<bigint, string>(log.map(({ baseOffset, bytes }) => [baseOffset, labelOf(bytes)]));
    for (const told of this.acknowledged) {
      if (told.partitionId !== partitionId || told.acks !== 'all' || byOffset.get(told.baseOffset) === told.label)
        continue;
      this.#violate(`${told.label} was acknowledged to all at offset ${told.baseOffset} and is lost.`);
    }
    for (const [baseOffset, label] of this.shown.get(partitionId) ?? []) {
      if (byOffset.get(baseOffset) !== label) this.#violate(`${label} was shown at offset ${baseOffset} and is gone.`);
    }
    const seen = new Set<string>();
    for (const label of byOffset.values()) {
      if (seen.has(label)) this.#violate(`${label} is stored twice.`);
      seen.add(label);
    }
  }

  /** Acknowledged by the leader alone, and lost: the price of `acks: 1`. */
  countLost(partitionId: number, log: readonly ReplicatedBatch[]): number {
    const labels = new Set(log.map(({ bytes }) => labelOf(bytes)));
    return this.acknowledged.filter((each) => each.partitionId === partitionId && !labels.has(each.label)).length;
  }
}
