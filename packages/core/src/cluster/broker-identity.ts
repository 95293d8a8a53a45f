import type { BrokerIdentity } from './cluster-image.js';

export interface RestartVerdict {
  /** `new`: nothing was recorded of this broker. `unclean`: its log may lack records that it has acknowledged. */
  readonly kind: 'new' | 'clean' | 'unclean';
  /** For people. */
  readonly reason: string;
}

/**
 * What the database that a broker finds itself on is, against the one that was recorded for it.
 *
 * A standby that was promoted has another timeline; a backup that was restored, or a copy of the files, may have the same
 * system identifier and the same timeline, but then an earlier incarnation or less write-ahead log. `found` is read
 * before the registration raises the incarnation.
 */
export function judgeRestart(recorded: BrokerIdentity | undefined, found: BrokerIdentity): RestartVerdict {
  if (recorded === undefined) return { kind: 'new', reason: 'nothing was recorded of this broker' };
  if (found.systemIdentifier !== recorded.systemIdentifier) {
    return unclean(`its database is another one: system ${found.systemIdentifier}, not ${recorded.systemIdentifier}`);
  }
  if (found.timelineId !== recorded.timelineId) {
    return unclean(`its database was promoted or restored: timeline ${found.timelineId}, not ${recorded.timelineId}`);
  }
  if (found.incarnation < recorded.incarnation) {
    return unclean(`its database is an older copy: incarnation ${found.incarnation}, not ${recorded.incarnation}`);
  }
  if (BigInt(found.flushedWal) < BigInt(recorded.flushedWal)) {
    return unclean(
      `its database has lost its end: ${found.flushedWal} bytes of WAL, ${recorded.flushedWal} were flushed`,
    );
  }
  return { kind: 'clean', reason: 'its database is the one that was recorded, with all that was flushed' };
}

/** What tells one database from another while both are running. */
export interface DatabaseName {
  readonly systemIdentifier: string;
  /** `pg_database.oid`: brokers of one server have a database each. */
  readonly databaseOid: number;
}

/** Whether two brokers would keep their replicas in one database, which would then be one copy. */
export function isSameDatabase(one: DatabaseName, other: DatabaseName): boolean {
  return one.systemIdentifier === other.systemIdentifier && one.databaseOid === other.databaseOid;
}

function unclean(reason: string): RestartVerdict {
  return { kind: 'unclean', reason };
}
