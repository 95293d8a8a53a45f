/** In which partition of `__consumer_offsets` a group is kept (rule H50): Java's `String.hashCode`, without its sign, modulo their number. */
export function offsetsPartitionOf(groupId: string, partitions: number): number {
  let hash = 0;
  for (let index = 0; index < groupId.length; index++) hash = (Math.imul(hash, 31) + groupId.charCodeAt(index)) | 0;
  return (hash & 0x7fffffff) % partitions;
}
