import type { Database } from '../postgres/database.js';
import type { BrokerDatabase, FoundIdentity } from './broker-database.js';
import { IDENTIFY, LEAD_UNTIL, OWN_TOPICS, RAISE_INCARNATION, type IdentityRow } from './broker.store.js';
import type { BrokerId, TopicState } from './cluster-image.js';

/** A broker's place in the cluster, in its own Postgres. */
export class PostgresBrokerDatabase implements BrokerDatabase {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async identify(): Promise<FoundIdentity> {
    const row = await this.#database.one<IdentityRow>(IDENTIFY);
    return {
      brokerId: row.broker_id,
      incarnation: row.incarnation,
      systemIdentifier: row.system_identifier,
      timelineId: row.timeline_id,
      writtenWal: row.written_wal,
      now: row.now,
      databaseOid: Number(row.database_oid),
    };
  }

  async raiseIncarnation(brokerId: BrokerId, replicaLagTimeMaxMs: number, above: number): Promise<number> {
    const row = await this.#database.one<{ incarnation: number }>(RAISE_INCARNATION, [
      brokerId,
      replicaLagTimeMaxMs,
      above,
    ]);
    return row.incarnation;
  }

  async leadUntil(since: string, ms: number, incarnation: number): Promise<boolean> {
    return (await this.#database.query(LEAD_UNTIL, [since, ms, incarnation])).length > 0;
  }

  /** Topics of a broker that was alone. */
  async readTopics(): Promise<TopicState[]> {
    return (await this.#database.query<{ topic: TopicState }>(OWN_TOPICS)).map(({ topic }) => topic);
  }
}
