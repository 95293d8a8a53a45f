import { PostlogError } from '../errors/postlog-error.js';
import type { TopicPartition } from '../record/topic-partition.js';

const HOPELESS: ReadonlySet<string> = new Set([
  'FENCED_INSTANCE_ID',
  'UNSUPPORTED_ASSIGNOR',
  'INVALID_REGULAR_EXPRESSION',
]);

/** The group will not have this member, and joining again would not help. */
export function isHopeless(error: unknown): error is PostlogError {
  return error instanceof PostlogError && HOPELESS.has(error.code);
}

/** The group has gone on without this member; it may join anew. */
export function isFenced(error: unknown): boolean {
  return error instanceof PostlogError && (error.code === 'FENCED_MEMBER_EPOCH' || error.code === 'UNKNOWN_MEMBER_ID');
}

/** What `consumer.group_join` tells (KafkaJS's payload). */
export function joined(
  groupId: string,
  memberId: string,
  assignment: readonly TopicPartition[],
): Record<string, unknown> {
  const memberAssignment: Record<string, number[]> = {};
  for (const { topic, partition } of assignment) (memberAssignment[topic] ??= []).push(partition);
  return { groupId, memberId, memberAssignment };
}
