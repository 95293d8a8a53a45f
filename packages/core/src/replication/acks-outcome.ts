import type { Offset } from '../record/offset.js';

export interface AcksWait {
  /** The high watermark must reach it: one past the last record. */
  readonly requiredOffset: Offset;
  readonly highWatermark: Offset;
  readonly isrSize: number;
  /** The effective one. */
  readonly minIsr: number;
  /** Under which the records were appended. */
  readonly appendedEpoch: number;
  /** Null: this broker does not lead any more. */
  readonly leaderEpoch: number | null;
}

export type AcksOutcome = 'stored' | 'wait' | 'NOT_ENOUGH_REPLICAS_AFTER_APPEND' | 'NOT_LEADER_OR_FOLLOWER';

/**
 * What has become of a wait for all in-sync replicas, after the append (rule B15).
 *
 * Under another leader epoch nothing is known of the records: the new leader may have other ones at their offsets, so a
 * mark beyond them proves nothing. An ISR below its minimum is said at once, although the records are stored.
 */
export function acksOutcome(wait: AcksWait): AcksOutcome {
  if (wait.leaderEpoch !== wait.appendedEpoch) return 'NOT_LEADER_OR_FOLLOWER';
  if (wait.isrSize < wait.minIsr) return 'NOT_ENOUGH_REPLICAS_AFTER_APPEND';
  return wait.highWatermark >= wait.requiredOffset ? 'stored' : 'wait';
}
