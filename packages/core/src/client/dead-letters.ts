import { FILTER_OPTIONS, isEmptyFilter, isMeant, type DeadLetterFilter } from '../delivery/dead-letter-filter.js';
import { PostlogError } from '../errors/postlog-error.js';
import { checkPartition } from '../record/check-topic.js';
import { deadLetterTopic } from '../record/dead-letter-topic.js';
import { offset, type Offset } from '../record/offset.js';
import { checkGroupId, checkTopicName } from '../record/topic-name.js';
import { checkInteger, checkOptions, invalid, shown } from './check-options.js';
import type { Cluster, ClusterPartition } from './cluster.js';
import { scanLetters } from './dead-letter-scan.js';
import type { ChosenDeadLetters, DeadLetter, DeadLetters, ListDeadLetters } from './dead-letters-types.js';
import type { MetadataCache } from './metadata-cache.js';
import { Purging, Requeuing, type Removal } from './dead-letter-removal.js';
import type { Producer } from './producer-types.js';

export interface DeadLettersContext {
  readonly cluster: Cluster;
  readonly metadata: MetadataCache;
  /** Makes a producer of the same connection. */
  readonly createProducer: () => Producer;
}

const MOST_LISTED = 10_000;
/** Others may handle the same ones at the same time; what is left then is looked at anew. */
const MOST_ATTEMPTS = 5;

/** @see DeadLetters */
export class LogDeadLetters implements DeadLetters {
  readonly topic: string;
  readonly #context: DeadLettersContext;

  /** @throws PostlogError `INVALID_TOPIC_EXCEPTION`, `INVALID_GROUP_ID` */
  constructor(context: DeadLettersContext, of: { readonly topic: string; readonly groupId: string }) {
    const { topic, groupId } = checkOptions(of, ['topic', 'groupId'], 'deadLetters()');
    this.#context = context;
    this.topic = deadLetterTopic(checkTopicName(topic), checkGroupId(groupId));
  }

  async list(options: ListDeadLetters = {}): Promise<DeadLetter[]> {
    const { limit, after, ...filter } = checkOptions(options, [...FILTER_OPTIONS, 'limit', 'after'], 'list()');
    const most = checkInteger(limit, 'limit', { min: 1, max: MOST_LISTED, fallback: 100 });
    const meant = checkFilter(filter);
    const start = after === undefined ? undefined : parseId(after);
    const found = new Map<string, DeadLetter>();
    for (const place of await this.#partitions()) {
      if (found.size >= most) break;
      if (start !== undefined && place.partition < start.partition) continue;
      const from = place.partition === start?.partition ? offset(start.offset + 1n) : undefined;
      await scanLetters(
        this.#context.cluster,
        place,
        ({ letter }) => {
          if (letter !== undefined && isMeant(letter, meant) && !found.has(letter.idempotencyKey))
            found.set(letter.idempotencyKey, letter);
          return found.size < most;
        },
        from,
      );
    }
    return [...found.values()];
  }

  async requeue(chosen: ChosenDeadLetters): Promise<{ readonly requeued: number }> {
    const filter = checkChosen(chosen, 'requeue()');
    return { requeued: await this.#remove(filter, (source) => new Requeuing({ ...this.#context, source })) };
  }

  async purge(chosen: ChosenDeadLetters): Promise<{ readonly purged: number }> {
    const filter = checkChosen(chosen, 'purge()');
    return { purged: await this.#remove(filter, (source) => new Purging({ ...this.#context, source })) };
  }

  /** Takes what is meant out of each partition; answers how many. */
  async #remove(filter: DeadLetterFilter, begin: (source: ClusterPartition) => Removal): Promise<number> {
    let count = 0;
    for (const place of await this.#partitions()) {
      for (let attempt = 1; ; attempt++) {
        const removal = begin(place);
        try {
          await this.#removeFrom(place, filter, removal);
          break;
        } catch (error) {
          if (!isHandledMeanwhile(error) || attempt >= MOST_ATTEMPTS) throw error;
        } finally {
          count += removal.count;
          await removal.end();
        }
      }
    }
    return count;
  }

  async #removeFrom(place: ClusterPartition, filter: DeadLetterFilter, removal: Removal): Promise<void> {
    const taken = new Set<string>();
    let firstKept: Offset | undefined;
    const end = await scanLetters(this.#context.cluster, place, async ({ place: at, letter }) => {
      // What is stored twice goes together, whichever of both the filter names.
      const isMeantAgain = letter !== undefined && taken.has(letter.idempotencyKey);
      if (letter === undefined || !(isMeantAgain || isMeant(letter, filter))) {
        firstKept ??= at.offset;
        return true;
      }
      await removal.add({ place: at, letter }, !isMeantAgain);
      taken.add(letter.idempotencyKey);
      return true;
    });
    await removal.flush();
    if (removal.count > 0) await this.#trim(place, firstKept ?? end);
  }

  /** Room is a matter of tidiness: another time will do. */
  async #trim(place: ClusterPartition, to: Offset): Promise<void> {
    const { cluster } = this.#context;
    const { broker } = await cluster.leaderOf(place);
    try {
      const { error } = await broker.log.advanceStart(place.partitionId, to);
      if (error === undefined) await broker.deadLetters.forgetHandled(place.partitionId, to);
    } catch (error) {
      cluster.logger.debug('the log start of a dead-letter topic stays where it is', { reason: String(error) });
    }
  }

  /** None before the first dead letter. */
  async #partitions(): Promise<readonly ClusterPartition[]> {
    const { metadata } = this.#context;
    return (metadata.peek(this.topic) ?? (await metadata.find(this.topic)))?.partitions ?? [];
  }
}

function checkChosen(chosen: ChosenDeadLetters, what: string): DeadLetterFilter {
  const { all, ...filter } = checkOptions(chosen, [...FILTER_OPTIONS, 'all'], what);
  const isEmpty = isEmptyFilter(filter as DeadLetterFilter);
  if (all === true && !isEmpty) throw invalid(`${what} takes all: true or a filter, not both`);
  if (all !== true && isEmpty) throw invalid(`${what} takes a filter, or { all: true }`);
  return checkFilter(filter);
}

function checkFilter(filter: DeadLetterFilter): DeadLetterFilter {
  const { ids, partition, key, from, until } = filter;
  if (ids !== undefined) {
    if (!Array.isArray(ids)) throw invalid('ids is no array; give ids as list() answers them');
    for (const id of ids) parseId(id);
  }
  if (partition !== undefined) checkPartition(partition);
  if (key !== undefined && typeof key !== 'string' && !(key instanceof Uint8Array))
    throw invalid(`key is ${shown(key)}; give text or bytes`);
  for (const name of ['errorName', 'handlerId'] as const)
    if (filter[name] !== undefined && typeof filter[name] !== 'string')
      throw invalid(`${name} is ${shown(filter[name])}; give text`);
  for (const [name, time] of Object.entries({ from, until }))
    checkInteger(time, name, { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 });
  return filter;
}

function isHandledMeanwhile(error: unknown): boolean {
  return error instanceof PostlogError && error.code === 'KAFKA_STORAGE_ERROR';
}

function parseId(id: unknown): { readonly partition: number; readonly offset: bigint } {
  const match = typeof id === 'string' ? /^(\d{1,9}):(\d{1,19})$/.exec(id) : null;
  if (match === null)
    throw invalid(`${shown(id)} is no id of a dead letter; give one that list() answers, such as "0:17"`);
  return { partition: Number(match[1]), offset: BigInt(match[2]!) };
}
