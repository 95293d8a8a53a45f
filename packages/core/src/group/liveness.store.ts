import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';

/** A member that is alive, and what it knows of its group. */
export interface SignOfLife {
  readonly groupId: string;
  readonly memberId: string;
  readonly sessionTimeoutMs: number;
  readonly version: bigint;
  readonly metadataVersion: bigint;
}

const HEARTBEAT_GROUPS: Statement = {
  name: 'heartbeat_groups',
  text: /* sql */ `select postlog.heartbeat_groups_v1($1, $2, $3, $4, $5) as place`,
};

/** Renews sessions, all in one statement; answers which of these members have something to look at. */
export async function renewSessions(database: Database, members: readonly SignOfLife[]): Promise<Set<SignOfLife>> {
  const rows = await database.query<{ place: number }>(HEARTBEAT_GROUPS, [
    members.map(({ groupId }) => groupId),
    members.map(({ memberId }) => memberId),
    members.map(({ sessionTimeoutMs }) => sessionTimeoutMs),
    members.map(({ version }) => version),
    members.map(({ metadataVersion }) => metadataVersion),
  ]);
  return new Set(rows.map(({ place }) => members[place - 1]!));
}
