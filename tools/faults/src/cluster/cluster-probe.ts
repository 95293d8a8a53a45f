import { BrokerDatabaseProbe } from './cluster-probe.store.js';
import { now } from './events.js';
import type { MetadataProbe } from './metadata-probe.store.js';
import type { FinalLog, Sample, SeenMetadata, SeenNode } from './samples.js';

const ROUND_EVERY_MS = 500;
/** A database that does not answer for so long is left out of the round. */
const NODE_TIMEOUT_MS = 400;
const QUERY_TIMEOUT_MS = 3_000;

/** Looks at metadata and databases about twice a second, as long as the run goes on. */
export class ClusterProbe {
  readonly samples: Sample[] = [];
  readonly #metadata: MetadataProbe;
  readonly #nodes: ReadonlyMap<number, NodeProbe>;
  readonly #ended: Promise<void>;
  #isStopped = false;
  #newest: SeenMetadata | undefined;

  constructor(metadata: MetadataProbe, brokers: readonly { readonly id: number; readonly url: string }[]) {
    this.#metadata = metadata;
    this.#nodes = new Map(brokers.map(({ id, url }) => [id, new NodeProbe(id, url)]));
    this.#ended = this.#run();
  }

  /** Metadata as it was last seen. */
  get newest(): SeenMetadata | undefined {
    return this.#newest;
  }

  database(brokerId: number): BrokerDatabaseProbe {
    return this.#nodes.get(brokerId)!.database;
  }

  async readLogs(): Promise<FinalLog[]> {
    const ids = this.#partitionIds;
    const logs = await Promise.all([...this.#nodes].map(([id, { database }]) => database.readLogs(id, ids)));
    return logs.flat();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#ended;
    await Promise.all([...this.#nodes.values()].map(({ database }) => database.close()));
    await this.#metadata.close();
  }

  get #partitionIds(): number[] {
    return (this.#newest?.partitions ?? []).map(({ partitionId }) => partitionId).sort((one, other) => one - other);
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const startedAt = performance.now();
      await this.#round();
      await pause(startedAt + ROUND_EVERY_MS - performance.now());
    }
  }

  async #round(): Promise<void> {
    const before = await this.#look();
    const ids = this.#partitionIds;
    const seen = await Promise.all([...this.#nodes.values()].map((node) => node.look(ids)));
    const nodes = seen.filter((node) => node !== undefined);
    this.samples.push({ before, nodes, after: await this.#look() });
  }

  async #look(): Promise<SeenMetadata | undefined> {
    const seen = await this.#metadata.read().catch(() => undefined);
    if (seen !== undefined) this.#newest = seen;
    return seen;
  }
}

class NodeProbe {
  readonly database: BrokerDatabaseProbe;
  readonly #brokerId: number;
  /** The mark of each partition at the last look: what comes before is known, and never cut. */
  readonly #marks = new Map<number, number>();
  #isAsking = false;

  constructor(brokerId: number, url: string) {
    this.#brokerId = brokerId;
    this.database = new BrokerDatabaseProbe(url, QUERY_TIMEOUT_MS);
  }

  async look(partitionIds: readonly number[]): Promise<SeenNode | undefined> {
    if (this.#isAsking || partitionIds.length === 0) return undefined;
    this.#isAsking = true;
    const asked = this.#ask(partitionIds).finally(() => (this.#isAsking = false));
    return Promise.race([asked, pause(NODE_TIMEOUT_MS).then(() => undefined)]);
  }

  async #ask(partitionIds: readonly number[]): Promise<SeenNode | undefined> {
    const askedAt = now() / 1e6;
    try {
      const replicas = await this.database.read(partitionIds, this.#marks);
      for (const { partitionId, highWatermark } of replicas) this.#marks.set(partitionId, highWatermark);
      return { brokerId: this.#brokerId, askedAt, at: now() / 1e6, replicas };
    } catch {
      return undefined; // It is down, or was stopped.
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, Math.max(0, ms)));
}
