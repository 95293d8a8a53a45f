import type { BrokerId, BrokerIdentity } from './cluster-image.js';

/** A broker's own database, as far as its place in the cluster goes: a port, `postgres-broker-database.ts` is the real one. */
export interface BrokerDatabase {
  /** Which database this is, and which broker it says it is. */
  identify(): Promise<BrokerIdentity & { readonly brokerId: BrokerId; readonly databaseOid: number }>;
  /**
   * Raises the incarnation, so that every older process of this broker is told apart, and ends the time to which it may lead.
   * Answers the new incarnation.
   */
  raiseIncarnation(brokerId: BrokerId, replicaLagTimeMaxMs: number): Promise<number>;
  /** The time on the database's own clock: it answers, and this is when. */
  readClock(): Promise<string>;
  /** May lead until `ms` after that time; false when a newer process has registered this broker. */
  leadUntil(since: string, ms: number, incarnation: number): Promise<boolean>;
  /** Stops leading at once. */
  stopLeading(incarnation: number): Promise<void>;
}
