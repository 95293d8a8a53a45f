/** What the keys of a partition's records begin with. A consumer without a group has an empty one. */
export function idempotencyPrefix(groupId: string | null, topic: string, partition: number): string {
  return `${groupId ?? ''}:${topic}:${partition}:`;
}

/** The name of what a group does with a record: the same for each attempt, whoever makes it. For effects outside of the database. */
export function idempotencyKey(groupId: string | null, topic: string, partition: number, offset: string): string {
  return idempotencyPrefix(groupId, topic, partition) + offset;
}
