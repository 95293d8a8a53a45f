const MOST_REPLICAS_BY_DEFAULT = 3;
const MIN_ISR = 'min.insync.replicas';

/**
 * What a new topic gets where its maker does not say: three replicas, or as many as there are brokers; and with three or more of
 * them records are acknowledged to `acks: all` by two at least, so that one broker can be lost without losing any.
 */
export function withReplication(
  wanted: { readonly replicationFactor: number | undefined; readonly config: ReadonlyMap<string, string> },
  brokers: number,
): { readonly replicationFactor: number; readonly config: ReadonlyMap<string, string> } {
  const replicationFactor = wanted.replicationFactor ?? Math.min(MOST_REPLICAS_BY_DEFAULT, Math.max(1, brokers));
  const isStrict = replicationFactor >= MOST_REPLICAS_BY_DEFAULT && !wanted.config.has(MIN_ISR);
  return { replicationFactor, config: isStrict ? new Map([...wanted.config, [MIN_ISR, '2']]) : wanted.config };
}
