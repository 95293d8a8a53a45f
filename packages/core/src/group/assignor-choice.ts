import type { GroupMember } from './group.js';

/** The assignor that most members ask for; of equally many, the first by name (KIP-848). */
export function preferredAssignor(members: readonly Pick<GroupMember, 'assignor'>[]): string {
  const votes = new Map<string, number>();
  for (const { assignor } of members) votes.set(assignor, (votes.get(assignor) ?? 0) + 1);
  const ranked = [...votes].sort(([a, votesA], [b, votesB]) => votesB - votesA || (a < b ? -1 : 1));
  return ranked[0]?.[0] ?? '';
}
