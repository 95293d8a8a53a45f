import type { ClusterProcesses, ClusterSettings } from '@postlog/core/testing';

/** What `cluster up --json` prints: how to connect, and who runs. */
export interface PrintedSettings extends ClusterSettings {
  /** By broker: of its process, and of its Postgres server. */
  readonly pids: ClusterProcesses['pids'];
}

export function settingsOf({ settings, pids }: ClusterProcesses): PrintedSettings {
  return { ...settings, pids };
}

/** The same for people: what to put into the environment, and what to try. */
export function describeCluster({ brokers, metadata, applicationUrl, pids }: PrintedSettings, dir: string): string {
  const list = brokers.map(({ id, url }) => `${id}=${url}`).join(',');
  const store = 'url' in metadata ? metadata.url : `etcd:${metadata.etcd.join(',')}`;
  return [
    '',
    `export POSTLOG_BROKERS='${list}'`,
    `export POSTLOG_METADATA='${store}'`,
    `export DATABASE_URL='${applicationUrl}'   # for applications; no broker lives there`,
    '',
    ...brokers.map(({ id }) => `broker ${id}: process ${pids.brokers[id]}, Postgres ${pids.postgres[id]}`),
    `data and logs: ${dir}`,
    '',
    'with these settings in another terminal:',
    '  postlog topics create --topic event --partitions 2 --replication-factor 3',
    '  postlog topics describe --topic event',
    '',
    `${brokers.length === 1 ? 'one broker is' : `${brokers.length} brokers are`} in service; Ctrl-C stops everything in order and keeps the data`,
    '',
  ].join('\n');
}
