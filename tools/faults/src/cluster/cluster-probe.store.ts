import pg from 'pg';
import type { FinalLog, SeenBatch, SeenReplica } from './samples.js';

const READ_REPLICAS = /* sql */ `
  select r.partition_id, r.role, r.role = 'leader' and e.lead_until > clock_timestamp() as may_lead, r.leader_epoch, r.partition_epoch,
         e.lead_until::text, extract(epoch from least(e.lead_until, now() + interval '1 day') - clock_timestamp()) * 1000 as leads_for_ms,
         r.isr, r.min_isr, e.log_start_offset, e.log_end_offset, e.high_watermark,
         (select s.start_offset from postlog.leader_epoch s
           where s.partition_id = r.partition_id and s.leader_epoch = r.leader_epoch) as epoch_start,
         (select coalesce(json_object_agg(f.broker_id, f.log_end_offset), '{}')
            from postlog.follower_states_v1(r.partition_id, r.leader_epoch, r.replicas) f
           where f.log_end_offset is not null) as follower_ends
    from postlog.log_ends_v1($1) e
    join postlog.replica r using (partition_id)`;

const READ_SEGMENTS = /* sql */ `
  select partition_id, segment_id from postlog.replica_segment where partition_id = any ($1) order by partition_id, base_offset`;

const READ_EPOCHS = /* sql */ `
  select partition_id, leader_epoch, start_offset from postlog.leader_epoch where partition_id = any ($1) order by 1, 2`;

const readBatches = (segmentId: number) => /* sql */ `
  select base_offset, last_offset, leader_epoch, md5(batch) as digest
    from postlog.segment_${segmentId} where partition_id = $1 and base_offset >= $2 order by base_offset`;

const DEFINITION = /* sql */ `select pg_get_functiondef(p.oid) as definition from pg_proc p where p.proname = $1`;

/** What the product knows a database by: raised incarnation, and more write-ahead log than there can have been. */
const FORGE_INCARNATION = /* sql */ `update postlog.broker set incarnation = incarnation + 1000`;
const SKIP_LOG = /* sql */ `select pg_logical_emit_message(true, 'faults', 'older copy'), pg_switch_wal()`;
const SKIPPED_FILES = 20;

type Row = Record<string, unknown>;

/** A look into one broker's database, past every proxy. A connection at a time, made anew when it is lost. */
export class BrokerDatabaseProbe {
  readonly #url: string;
  readonly #timeoutMs: number;
  #client: pg.Client | undefined;

  constructor(url: string, timeoutMs: number) {
    this.#url = url;
    this.#timeoutMs = timeoutMs;
  }

  /** The replicas of these partitions; of each, the batches from an offset on. */
  async read(partitionIds: readonly number[], from: ReadonlyMap<number, number>): Promise<SeenReplica[]> {
    const rows = await this.#rows(READ_REPLICAS, [partitionIds]);
    const batches = await this.#batches(partitionIds, from);
    return rows.map((row) => ({
      partitionId: Number(row['partition_id']),
      role: row['role'] === 'leader' ? 'leader' : 'follower',
      mayLead: row['may_lead'] === true,
      leadUntil: String(row['lead_until']),
      leadsForMs: Number(row['leads_for_ms']),
      leaderEpoch: Number(row['leader_epoch']),
      partitionEpoch: Number(row['partition_epoch']),
      isr: row['isr'] as number[],
      minIsr: Number(row['min_isr']),
      logEnd: Number(row['log_end_offset']),
      highWatermark: Number(row['high_watermark']),
      epochStart: row['epoch_start'] === null ? null : Number(row['epoch_start']),
      followerEnds: row['follower_ends'] as Record<number, number>,
      batches: batches.get(Number(row['partition_id'])) ?? [],
    }));
  }

  async readLogs(brokerId: number, partitionIds: readonly number[]): Promise<FinalLog[]> {
    const rows = await this.#rows(READ_REPLICAS, [partitionIds]);
    const batches = await this.#batches(partitionIds, new Map());
    const epochs = await this.#rows(READ_EPOCHS, [partitionIds]);
    return rows.map((row) => {
      const partitionId = Number(row['partition_id']);
      return {
        brokerId,
        partitionId,
        logStart: Number(row['log_start_offset']),
        highWatermark: Number(row['high_watermark']),
        batches: batches.get(partitionId) ?? [],
        epochStarts: epochs
          .filter((each) => Number(each['partition_id']) === partitionId)
          .map((each) => ({ epoch: Number(each['leader_epoch']), startOffset: Number(each['start_offset']) })),
      };
    });
  }

  /** Breaks a function of the schema on purpose: replaces each `from`, which must be in it, by its `to`. */
  async plant(name: string, changes: readonly (readonly [from: string, to: string])[]): Promise<void> {
    const [row] = await this.#rows(DEFINITION, [name]);
    let definition = String(row?.['definition']);
    for (const [from, to] of changes) {
      if (!definition.includes(from)) throw new Error(`the fault cannot be planted: ${name} has no "${from}"`);
      definition = definition.replace(from, () => to);
    }
    await this.#rows(definition, []);
  }

  /** Makes an older copy look as if nothing had been lost. */
  async forgeIdentity(): Promise<void> {
    await this.#rows(FORGE_INCARNATION, []);
    for (let file = 0; file < SKIPPED_FILES; file++) await this.#rows(SKIP_LOG, []);
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #batches(
    partitionIds: readonly number[],
    from: ReadonlyMap<number, number>,
  ): Promise<Map<number, SeenBatch[]>> {
    const found = new Map<number, SeenBatch[]>();
    for (const row of await this.#rows(READ_SEGMENTS, [partitionIds])) {
      const partitionId = Number(row['partition_id']);
      const batches = await this.#rows(readBatches(Number(row['segment_id'])), [
        partitionId,
        from.get(partitionId) ?? 0,
      ]);
      const known = found.get(partitionId) ?? [];
      known.push(
        ...batches.map((batch) => ({
          baseOffset: Number(batch['base_offset']),
          lastOffset: Number(batch['last_offset']),
          leaderEpoch: Number(batch['leader_epoch']),
          digest: String(batch['digest']),
        })),
      );
      found.set(partitionId, known);
    }
    return found;
  }

  async #rows(text: string, values: readonly unknown[]): Promise<Row[]> {
    const client = (this.#client ??= await this.#connect());
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } catch (error) {
      if (this.#client === client) this.#client = undefined;
      void client.end().catch(() => {});
      throw error;
    }
  }

  async #connect(): Promise<pg.Client> {
    const timeouts = { connectionTimeoutMillis: this.#timeoutMs, query_timeout: this.#timeoutMs };
    const client = new pg.Client({ connectionString: this.#url, application_name: 'faults:probe', ...timeouts });
    client.on('error', () => {});
    await client.connect();
    return client;
  }
}
