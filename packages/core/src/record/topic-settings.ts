/** What a setting's value may be. `fallback` is Kafka's default in the form that is stored. */
export type Setting =
  | { readonly kind: 'a whole number'; readonly min: bigint; readonly max: bigint; readonly fallback: string }
  | { readonly kind: 'a number'; readonly min: number; readonly max: number; readonly fallback: string }
  | { readonly kind: 'one of'; readonly choices: readonly string[]; readonly fallback: string }
  | {
      readonly kind: 'one or more, by commas, of';
      readonly isList: true;
      readonly choices: readonly string[];
      readonly fallback: string;
    };

const MAX_LONG = 2n ** 63n - 1n;
const MAX_INT = 2n ** 31n - 1n;

/** Kafka's topic settings that Postlog has, by Kafka's names and with the defaults of Kafka 4. */
const settings = {
  'cleanup.policy': list(['delete', 'compact'], 'delete'),
  'retention.ms': whole(-1n, MAX_LONG, '604800000'),
  'retention.bytes': whole(-1n, MAX_LONG, '-1'),
  'segment.bytes': whole(14n, MAX_INT, '1073741824'),
  'segment.ms': whole(1n, MAX_LONG, '604800000'),
  'max.message.bytes': whole(0n, MAX_INT, '1048588'),
  'min.insync.replicas': whole(1n, MAX_INT, '1'),
  'compression.type': oneOf(['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'], 'producer'),
  'delete.retention.ms': whole(0n, MAX_LONG, '86400000'),
  'min.cleanable.dirty.ratio': { kind: 'a number' as const, min: 0, max: 1, fallback: '0.5' },
  'min.compaction.lag.ms': whole(0n, MAX_LONG, '0'),
  'max.compaction.lag.ms': whole(1n, MAX_LONG, String(MAX_LONG)),
  'message.timestamp.type': oneOf(['CreateTime', 'LogAppendTime'], 'CreateTime'),
  'message.timestamp.before.max.ms': whole(0n, MAX_LONG, String(MAX_LONG)),
  'message.timestamp.after.max.ms': whole(0n, MAX_LONG, '3600000'),
  'unclean.leader.election.enable': oneOf(['true', 'false'], 'false'),
} satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof settings;
export const SETTINGS: Readonly<Record<SettingName, Setting>> = settings;

/** Settings of Kafka about files, page caches and old formats, which a log in Postgres does not have. */
export const NOT_OURS: readonly string[] = [
  'file.delete.delay.ms',
  'flush.messages',
  'flush.ms',
  'follower.replication.throttled.replicas',
  'index.interval.bytes',
  'leader.replication.throttled.replicas',
  'local.retention.bytes',
  'local.retention.ms',
  'message.downconversion.enable',
  'message.format.version',
  'message.timestamp.difference.max.ms',
  'preallocate',
  'remote.storage.enable',
  'segment.index.bytes',
  'segment.jitter.ms',
];

function whole(min: bigint, max: bigint, fallback: string): Setting {
  return { kind: 'a whole number', min, max, fallback };
}

function oneOf(choices: readonly string[], fallback: string): Setting {
  return { kind: 'one of', choices, fallback };
}

function list(choices: readonly string[], fallback: string): Setting {
  return { kind: 'one or more, by commas, of', isList: true, choices, fallback };
}
