import type { ParkedRecords } from '../broker/parked-records.js';
import { PostlogError } from '../errors/postlog-error.js';
import { checkPartition } from '../record/check-topic.js';
import { parseOffset } from '../record/offset.js';
import { checkGroupId, checkTopicName } from '../record/topic-name.js';
import { checkOptions, invalid, shown } from './check-options.js';
import type { Cluster } from './cluster.js';
import type { MetadataCache } from './metadata-cache.js';
import type { ChosenParked, ParkedKeys, ParkedRecord } from './parked-keys-types.js';

/** @see ParkedKeys */
export class LogParkedKeys implements ParkedKeys {
  readonly #parked: ParkedRecords;
  readonly #metadata: MetadataCache;
  readonly #topic: string;
  readonly #groupId: string;

  /** @throws PostlogError `INVALID_TOPIC_EXCEPTION`, `INVALID_GROUP_ID`, `INVALID_REQUEST` in a cluster */
  constructor(
    { cluster, metadata }: { readonly cluster: Cluster; readonly metadata: MetadataCache },
    of: { readonly topic: string; readonly groupId: string },
  ) {
    const { topic, groupId } = checkOptions(of, ['topic', 'groupId'], 'parkedKeys()');
    if (cluster.parked === undefined)
      throw new PostlogError('INVALID_REQUEST', 'keys are parked with one broker only; with several there are none.');
    this.#parked = cluster.parked;
    this.#metadata = metadata;
    this.#topic = checkTopicName(topic);
    this.#groupId = checkGroupId(groupId);
  }

  async list(): Promise<ParkedRecord[]> {
    const partitions = await this.#partitions();
    const rows = await this.#parked.list(this.#groupId, [...partitions.keys()]);
    return rows.map(({ partitionId, offset, parkedAt, dueInMs, ...row }) => ({
      key: row.key,
      attempts: row.attempts,
      errorName: row.errorName,
      errorMessage: row.errorMessage,
      handlerId: row.handlerId,
      partition: partitions.get(partitionId)!,
      offset: String(offset),
      parkedAt: String(parkedAt),
      dueInMs: Math.max(0, Math.round(dueInMs)),
    }));
  }

  async release(chosen: ChosenParked): Promise<{ readonly released: number }> {
    return { released: await this.#ask(chosen, 'release()', false) };
  }

  async discard(chosen: ChosenParked): Promise<{ readonly discarded: number }> {
    return { discarded: await this.#ask(chosen, 'discard()', true) };
  }

  async #ask(chosen: ChosenParked, what: string, isDiscarded: boolean): Promise<number> {
    const { key, partition, offset, all } = checkOptions(chosen, ['key', 'partition', 'offset', 'all'], what);
    const ways = [key !== undefined, partition !== undefined || offset !== undefined, all === true];
    if (ways.filter((way) => way).length !== 1)
      throw invalid(`${what} takes a key, a partition and an offset, or all: true`);
    if (key !== undefined && typeof key !== 'string' && !(key instanceof Uint8Array))
      throw invalid(`key is ${shown(key)}; give text or bytes`);
    const at = ways[1] === true ? { partition: checkPartition(partition), offset: parseOffset(offset) } : undefined;
    const partitions = await this.#partitions();
    const meant = [...partitions].filter(([, each]) => at === undefined || each === at.partition);
    return this.#parked.release(
      this.#groupId,
      meant.map(([partitionId]) => partitionId),
      { key: key === undefined ? null : Buffer.from(key), offset: at?.offset ?? null, isDiscarded },
    );
  }

  /** The topic's partition numbers, by id. */
  async #partitions(): Promise<ReadonlyMap<number, number>> {
    const { partitions } = await this.#metadata.get(this.#topic);
    return new Map(partitions.map(({ partitionId, partition }) => [partitionId, partition]));
  }
}
