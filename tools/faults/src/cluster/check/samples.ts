import type { Anomaly } from '../../history.js';
import type { RunHistory } from '../history.js';
import type { Sample, SeenBatch, SeenMetadata, SeenPartition, SeenReplica } from '../samples.js';

/**
 * What a probe saw of metadata and databases while the run went on, against the invariants of replication. `restores`: when an older copy of a database was
 * put in its place, which makes another database of it.
 */
export function checkSamples(
  samples: readonly Sample[],
  restores: readonly { readonly brokerId: number; readonly at: number }[] = [],
): Anomaly[] {
  const metadata = metadataOf(samples);
  return unique([
    ...leaderOutsideIsr(metadata),
    ...twoLeaders(samples, metadata),
    ...epochsThatFell(samples, restores),
    ...logsThatDiffer(samples),
    ...marksBeyondReplicas(samples),
    ...missingEpochStarts(samples),
    ...holes(samples),
    ...silentUncleanElections(samples, metadata),
  ]);
}

export function metadataOf(samples: readonly Sample[]): SeenMetadata[] {
  return samples
    .flatMap(({ before, after }) => [before, after])
    .filter((each) => each !== undefined)
    .sort((one, other) => one.at - other.at);
}

/** R1. */
function leaderOutsideIsr(metadata: readonly SeenMetadata[]): Anomaly[] {
  return metadata.flatMap(({ partitions }) =>
    partitions
      .filter(({ leader, isr }) => leader !== null && !isr.includes(leader))
      .map(({ key, leader, leaderEpoch, isr }) => ({
        code: 'R1',
        detail: `${key} epoch ${leaderEpoch} is led by ${leader}, outside of its ISR [${isr.join(',')}]`,
      })),
  );
}

/** R2: by the metadata, and by what databases say of themselves. */
function twoLeaders(samples: readonly Sample[], metadata: readonly SeenMetadata[]): Anomaly[] {
  const leaders = new Map<string, number>();
  const look = (partitionId: number, epoch: number, leader: number): Anomaly[] => {
    const reign = `partition ${partitionId} epoch ${epoch}`;
    const known = leaders.get(reign);
    leaders.set(reign, known ?? leader);
    return known === undefined || known === leader
      ? []
      : [{ code: 'R2', detail: `${reign} is led by ${known} and by ${leader}` }];
  };
  return [
    ...metadata.flatMap(({ partitions }) =>
      partitions.flatMap(({ partitionId, leaderEpoch, leader }) =>
        leader === null ? [] : look(partitionId, leaderEpoch, leader),
      ),
    ),
    ...replicasOf(samples).flatMap(({ brokerId, replica }) =>
      replica.role === 'leader' ? look(replica.partitionId, replica.leaderEpoch, brokerId) : [],
    ),
  ];
}

/** R3: on each database. */
function epochsThatFell(
  samples: readonly Sample[],
  restores: readonly { readonly brokerId: number; readonly at: number }[],
): Anomaly[] {
  const highest = new Map<string, { readonly epoch: number; readonly at: number }>();
  return replicasOf(samples).flatMap(({ brokerId, at, replica: { partitionId, leaderEpoch } }) => {
    const place = `partition ${partitionId} on broker ${brokerId}`;
    const before = highest.get(place) ?? { epoch: 0, at };
    highest.set(place, { epoch: leaderEpoch, at });
    const isAnother = restores.some((each) => each.brokerId === brokerId && each.at > before.at && each.at < at);
    if (leaderEpoch >= before.epoch || isAnother) return [];
    return [{ code: 'R3', detail: `${place} went from epoch ${before.epoch} to ${leaderEpoch}` }];
  });
}

/** R6: the same epoch at the same offset is the same batch, wherever it is. */
function logsThatDiffer(samples: readonly Sample[]): Anomaly[] {
  const batches = new BatchComparison();
  return replicasOf(samples).flatMap(({ brokerId, replica }) =>
    replica.batches.flatMap((batch) => batches.look(replica.partitionId, brokerId, batch)),
  );
}

export class BatchComparison {
  readonly #known = new Map<
    string,
    { readonly digest: string; readonly lastOffset: number; readonly brokerId: number }
  >();

  look(partitionId: number, brokerId: number, batch: SeenBatch): Anomaly[] {
    const { baseOffset, lastOffset, leaderEpoch, digest } = batch;
    const place = `partition ${partitionId} offset ${baseOffset} epoch ${leaderEpoch}`;
    const known = this.#known.get(place);
    if (known === undefined) {
      this.#known.set(place, { digest, lastOffset, brokerId });
      return [];
    }
    if (known.digest === digest && known.lastOffset === lastOffset) return [];
    return [{ code: 'R6', detail: `${place} is not the same on brokers ${known.brokerId} and ${brokerId}` }];
  }
}

/**
 * R5 and R7: what a leader shows as committed is on every member of the ISR, by the metadata (whose members must have it a round later at the
 * latest, unless the ISR has changed meanwhile) and by what the leader itself noted.
 */
function marksBeyondReplicas(samples: readonly Sample[]): Anomaly[] {
  return samples.flatMap((sample, place) => [
    ...byMetadata(sample, samples[place + 1]),
    ...sample.nodes.flatMap(({ brokerId, replicas }) => replicas.flatMap((replica) => byNotes(brokerId, replica))),
  ]);
}

function byMetadata(sample: Sample, next: Sample | undefined): Anomaly[] {
  const [before, after] = [sample.before, next?.after];
  if (before === undefined || after === undefined || next === undefined) return [];
  const unchanged = before.partitions.filter((partition) =>
    after.partitions.some((other) => isSameState(partition, other)),
  );
  return unchanged.flatMap(({ key, partitionId, isr }) =>
    sample.nodes.flatMap(({ brokerId, replicas }) => {
      const leader = replicas.find((replica) => replica.partitionId === partitionId && replica.mayLead);
      if (leader === undefined) return [];
      return next.nodes
        .filter((node) => node.brokerId !== brokerId && isr.includes(node.brokerId))
        .flatMap((node) => {
          const end = node.replicas.find((replica) => replica.partitionId === partitionId)?.logEnd;
          if (end === undefined || end >= leader.highWatermark) return [];
          return [
            {
              code: 'R5',
              detail: `${key}: broker ${brokerId} shows ${leader.highWatermark} as committed; broker ${node.brokerId} is in sync and ends at ${end}`,
            },
          ];
        });
    }),
  );
}

const isSameState = (one: SeenPartition, other: SeenPartition) =>
  one.key === other.key && one.partitionEpoch === other.partitionEpoch;

function byNotes(brokerId: number, replica: SeenReplica): Anomaly[] {
  if (!replica.mayLead) return [];
  return replica.isr.flatMap((member) => {
    const end = member === brokerId ? replica.logEnd : replica.followerEnds[member];
    if (end === undefined || end >= replica.highWatermark) return [];
    return [
      {
        code: 'R7',
        detail: `broker ${brokerId} shows ${replica.highWatermark} of partition ${replica.partitionId} as committed and noted that ${member} ends at ${end}`,
      },
    ];
  });
}

/** R8: a leader has written down where its epoch begins. */
function missingEpochStarts(samples: readonly Sample[]): Anomaly[] {
  return replicasOf(samples)
    .filter(({ replica }) => replica.role === 'leader' && replica.epochStart === null)
    .map(({ brokerId, replica: { partitionId, leaderEpoch } }) => ({
      code: 'R8',
      detail: `broker ${brokerId} leads partition ${partitionId} and does not know where its epoch ${leaderEpoch} begins`,
    }));
}

/** R11: in what was read at one time, each batch begins where the one before ends. */
function holes(samples: readonly Sample[]): Anomaly[] {
  return replicasOf(samples).flatMap(({ brokerId, replica }) =>
    holesIn(replica.batches).map((detail) => ({
      code: 'R11',
      detail: `partition ${replica.partitionId} on broker ${brokerId}: ${detail}`,
    })),
  );
}

export function holesIn(batches: readonly SeenBatch[]): string[] {
  return batches.slice(1).flatMap(({ baseOffset }, place) => {
    const expected = batches[place]!.lastOffset + 1;
    return baseOffset === expected ? [] : [`${baseOffset} comes after ${expected - 1}`];
  });
}

/** A31: a reign begins before what an earlier one showed as committed, and the metadata does not say that it was elected uncleanly. */
function silentUncleanElections(samples: readonly Sample[], metadata: readonly SeenMetadata[]): Anomaly[] {
  const committed = new Map<number, { readonly mark: number; readonly epoch: number }>();
  const isUnclean = (id: number, epoch: number) =>
    metadata.some(({ partitions }) =>
      partitions.some((each) => each.partitionId === id && each.leaderEpoch === epoch && each.isRecovering),
    );
  return replicasOf(samples).flatMap(({ brokerId, replica }) => {
    if (replica.role !== 'leader') return [];
    const { partitionId, leaderEpoch, epochStart, highWatermark } = replica;
    const before = committed.get(partitionId);
    if (replica.mayLead && highWatermark > (before?.mark ?? -1)) {
      committed.set(partitionId, { mark: highWatermark, epoch: leaderEpoch });
    }
    const isLater = before !== undefined && leaderEpoch > before.epoch;
    if (!isLater || epochStart === null || epochStart >= before.mark || isUnclean(partitionId, leaderEpoch)) return [];
    return [
      {
        code: 'A31',
        detail: `partition ${partitionId}: epoch ${leaderEpoch} begins at ${epochStart} on broker ${brokerId}; ${before.mark} was committed in epoch ${before.epoch}`,
      },
    ];
  });
}

/**
 * A35: a database leads on for longer than a session after the metadata named another leader. It may take what only the leader acknowledges, and show what is
 * long past.
 */
export function deposedLeaders(samples: readonly Sample[], boundMs: number): Anomaly[] {
  const begins = new Map<string, number>();
  for (const { at, partitions } of metadataOf(samples)) {
    for (const { partitionId, leaderEpoch } of partitions) {
      const reign = `${partitionId} ${leaderEpoch}`;
      if (!begins.has(reign)) begins.set(reign, at);
    }
  }
  const stale = replicasOf(samples).flatMap(({ brokerId, at, replica: { partitionId, leaderEpoch, mayLead } }) => {
    const since = begins.get(`${partitionId} ${leaderEpoch + 1}`);
    if (!mayLead || since === undefined || at <= since + boundMs) return [];
    return [{ code: 'A35', detail: `broker ${brokerId} leads partition ${partitionId} on under epoch ${leaderEpoch}` }];
  });
  return unique(stale);
}

/** A30: acknowledged as being on all in-sync replicas, while its leader knew, all the time, of fewer than are needed. */
export function acksBelowMinimum({ sends }: RunHistory, samples: readonly Sample[]): Anomaly[] {
  const keys = new Map(
    metadataOf(samples).flatMap(({ partitions }) => partitions.map((each) => [each.key, each.partitionId])),
  );
  const views = new Map<number, { at: number; reign: string; isBelow: boolean }[]>();
  for (const { brokerId, at, replica } of replicasOf(samples)) {
    if (!replica.mayLead) continue;
    const { partitionId, leaderEpoch, partitionEpoch, isr, minIsr } = replica;
    const known = views.get(partitionId) ?? [];
    known.push({ at, reign: `${brokerId} ${leaderEpoch} ${partitionEpoch}`, isBelow: isr.length < minIsr });
    views.set(partitionId, known);
  }
  for (const each of views.values()) each.sort((one, other) => one.at - other.at);
  return sends.flatMap(({ key, value, acks, outcome, invokedAt, endedAt }) => {
    if (acks !== 'all' || outcome !== 'ok') return [];
    const known = views.get(keys.get(key) ?? -1) ?? [];
    const first = known.findLastIndex(({ at }) => at <= invokedAt);
    const last = known.findIndex(({ at }) => at >= endedAt);
    if (first < 0 || last <= first) return [];
    const during = known.slice(first, last + 1);
    if (during.some(({ isBelow, reign }) => !isBelow || reign !== during[0]!.reign)) return [];
    return [{ code: 'A30', detail: `${value} was acknowledged in ${key} while too few replicas were in sync` }];
  });
}

function replicasOf(samples: readonly Sample[]) {
  return samples.flatMap(({ nodes }) =>
    nodes.flatMap(({ brokerId, at, replicas }) => replicas.map((replica) => ({ brokerId, at, replica }))),
  );
}

/** A state that lasts is seen in every round. */
function unique(anomalies: readonly Anomaly[]): Anomaly[] {
  return [...new Map(anomalies.map((each) => [`${each.code} ${each.detail}`, each])).values()];
}
