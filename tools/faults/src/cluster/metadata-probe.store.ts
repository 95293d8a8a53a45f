import pg from 'pg';
import { keyOf, now } from './events.js';
import type { SeenMetadata, SeenPartition } from './samples.js';

const READ_TOPIC = /* sql */ `
  select r.revision as store_revision, e.value
    from postlog.metadata_revision r
    left join postlog.metadata_entry e on e.key = $1`;

/** A look into the metadata store, past every proxy and past the product. */
export interface MetadataProbe {
  read(): Promise<SeenMetadata>;
  close(): Promise<void>;
}

export async function openMetadataProbe(
  metadata: { readonly url: string } | { readonly etcd: readonly string[] },
  topic: string,
): Promise<MetadataProbe> {
  return 'url' in metadata ? openPostgresProbe(metadata.url, topic) : etcdProbe(metadata.etcd[0]!, topic);
}

async function openPostgresProbe(url: string, topic: string): Promise<MetadataProbe> {
  const client = new pg.Client({ connectionString: url, application_name: 'faults:probe', query_timeout: 2_000 });
  client.on('error', () => {});
  await client.connect();
  return {
    read: async () => {
      const at = now() / 1e6;
      const { rows } = await client.query<{ store_revision: string; value: string | null }>(READ_TOPIC, [
        `topics/${topic}`,
      ]);
      const { store_revision: revision, value } = rows[0]!;
      return { at, revision: Number(revision), partitions: partitionsOf(topic, value) };
    },
    close: () => client.end(),
  };
}

interface EtcdAnswer {
  readonly header: { readonly revision: string };
  readonly kvs?: readonly { readonly value: string }[];
}

function etcdProbe(url: string, topic: string): MetadataProbe {
  const key = Buffer.from(`postlog/postlog/entries/topics/${topic}`).toString('base64');
  return {
    read: async () => {
      const at = now() / 1e6;
      const body = JSON.stringify({ key });
      const signal = AbortSignal.timeout(2_000);
      const response = await fetch(`${url}/v3/kv/range`, { method: 'POST', body, signal });
      const { header, kvs = [] } = (await response.json()) as EtcdAnswer;
      const value = kvs[0] === undefined ? null : Buffer.from(kvs[0].value, 'base64').toString();
      return { at, revision: Number(header.revision), partitions: partitionsOf(topic, value) };
    },
    close: () => Promise.resolve(),
  };
}

interface StoredPartition extends Omit<SeenPartition, 'key'> {
  readonly partition: number;
}

function partitionsOf(topic: string, value: string | null): SeenPartition[] {
  if (value === null) return [];
  const { partitions } = JSON.parse(value) as { readonly partitions: readonly StoredPartition[] };
  return partitions.map(
    ({ partition, partitionId, leader, leaderEpoch, partitionEpoch, replicas, isr, isRecovering }) => {
      return {
        key: keyOf(topic, partition),
        partitionId,
        leader,
        leaderEpoch,
        partitionEpoch,
        replicas,
        isr,
        isRecovering,
      };
    },
  );
}
