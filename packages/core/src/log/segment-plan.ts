/** A segment that is not gone yet, and what the plan needs to know of it. */
export interface SegmentState {
  readonly segmentId: number;
  readonly chainId: number;
  readonly state: 'prepared' | 'open' | 'closed' | 'dropped';
  readonly hasSnapshot: boolean;
  /** Replicas that append to it now. */
  readonly activeReplicas: number;
  /** Partitions whose map still names it. */
  readonly mappedPartitions: number;
  readonly sizeBytes: number;
  readonly ageMs: number;
  /** `segment.bytes` and `segment.ms` of its topic. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

export type SegmentAction =
  /** Make the next table of the chain, off the hot path. */
  | { readonly kind: 'prepare'; readonly chainId: number }
  | { readonly kind: 'roll'; readonly chainId: number; readonly from: number; readonly to: number }
  /** Keep the producers' last batches; nobody appends there any more. */
  | { readonly kind: 'close'; readonly segmentId: number }
  /** No map names it: readers with older snapshots may still read it for a while. */
  | { readonly kind: 'unmap'; readonly segmentId: number }
  | { readonly kind: 'drop'; readonly segmentId: number };

/**
 * What to do about segments now. Every action is safe to repeat, to lose and to race: its statement compares again.
 *
 * The next table is made when the active one is half full or half its age, the roll comes when it is full or old. An empty
 * segment is not rolled by age. A roll is asked for again as long as some replica of the chain stayed behind.
 */
export function planSegments(segments: readonly SegmentState[]): SegmentAction[] {
  const actions: SegmentAction[] = [];
  for (const [chainId, chain] of byChain(segments)) {
    const prepared = chain.find((s) => s.state === 'prepared');
    const active = chain.filter((s) => s.state === 'open' && s.activeReplicas > 0);
    const newest = active.at(-1);
    const stayedBehind = active.length > 1 ? active[0] : undefined;

    if (stayedBehind !== undefined) {
      actions.push({ kind: 'roll', chainId, from: stayedBehind.segmentId, to: newest!.segmentId });
    } else if (newest !== undefined && fullness(newest) >= 1 && prepared !== undefined) {
      actions.push({ kind: 'roll', chainId, from: newest.segmentId, to: prepared.segmentId });
    } else if (newest !== undefined && fullness(newest) >= 0.5 && prepared === undefined) {
      actions.push({ kind: 'prepare', chainId });
    }
    for (const segment of chain) {
      if (segment.state === 'open' && segment.activeReplicas === 0 && segment !== newest) {
        actions.push({ kind: 'close', segmentId: segment.segmentId });
      } else if (segment.state === 'closed' && segment.mappedPartitions === 0) {
        actions.push({ kind: 'unmap', segmentId: segment.segmentId });
      } else if (segment.state === 'dropped') {
        actions.push({ kind: 'drop', segmentId: segment.segmentId });
      }
    }
  }
  return actions;
}

function fullness({ sizeBytes, maxBytes, ageMs, maxAgeMs }: SegmentState): number {
  return sizeBytes === 0 ? 0 : Math.max(sizeBytes / maxBytes, ageMs / maxAgeMs);
}

function byChain(segments: readonly SegmentState[]): Map<number, SegmentState[]> {
  const chains = new Map<number, SegmentState[]>();
  for (const segment of [...segments].sort((a, b) => a.segmentId - b.segmentId)) {
    const chain = chains.get(segment.chainId);
    if (chain === undefined) chains.set(segment.chainId, [segment]);
    else chain.push(segment);
  }
  return chains;
}
