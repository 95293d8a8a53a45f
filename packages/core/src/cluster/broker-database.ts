import type { BrokerId, BrokerIdentity } from './cluster-image.js';

/** Which database this is, and when. */
export interface FoundIdentity extends Omit<BrokerIdentity, 'flushedWal'> {
  /** Which broker it says it is. */
  readonly brokerId: BrokerId;
  readonly databaseOid: number;
  /** WAL that was written, in bytes; it is flushed once a later commit is. */
  readonly writtenWal: string;
  /** On the database's own clock. */
  readonly now: string;
}

/** A broker's own database, as far as its place in the cluster goes: a port, `postgres-broker-database.ts` is the real one. */
export interface BrokerDatabase {
  identify(): Promise<FoundIdentity>;
  /**
   * Raises the incarnation above both what it was and `above`, so that every older process of this broker is told apart, and ends the time to which it may
   * lead. Answers the new incarnation.
   */
  raiseIncarnation(brokerId: BrokerId, replicaLagTimeMaxMs: number, above: number): Promise<number>;
  /** May lead until `ms` after that time, and flushes; false when a newer process has registered this broker. */
  leadUntil(since: string, ms: number, incarnation: number): Promise<boolean>;
}
