import { checkTopicConfig, resolveTopicConfig } from './topic-config.js';
import { SETTINGS } from './topic-settings.js';

const entry = (name: string, value: unknown) => [{ name, value: value as string }];
const invalid = expect.objectContaining({ name: 'PostlogError', code: 'INVALID_CONFIG' });

describe('checkTopicConfig', () => {
  it.each([
    ['cleanup.policy', 'compact', 'compact'],
    ['cleanup.policy', ' compact , delete', 'compact,delete'],
    ['retention.ms', '-1', '-1'],
    ['retention.ms', '0', '0'],
    ['retention.ms', '9223372036854775807', '9223372036854775807'],
    ['retention.bytes', '007', '7'],
    ['segment.bytes', '2147483647', '2147483647'],
    ['min.insync.replicas', '2', '2'],
    ['min.cleanable.dirty.ratio', '0.50', '0.5'],
    ['message.timestamp.type', 'LogAppendTime', 'LogAppendTime'],
    ['unclean.leader.election.enable', 'true', 'true'],
  ])('accepts %s = %s', (name, value, stored) => {
    expect([...checkTopicConfig(entry(name, value))]).toEqual([[name, stored]]);
  });

  it.each([
    ['retention.ms', '-2'],
    ['retention.ms', '9223372036854775808'],
    ['retention.ms', '1e3'],
    ['retention.ms', '7d'],
    ['retention.ms', ''],
    ['retention.ms', 1_000],
    ['retention.ms', null],
    ['segment.bytes', '13'],
    ['segment.bytes', '2147483648'],
    ['segment.ms', '0'],
    ['max.message.bytes', '-1'],
    ['min.insync.replicas', '0'],
    ['min.cleanable.dirty.ratio', '1.1'],
    ['min.cleanable.dirty.ratio', 'NaN'],
    ['cleanup.policy', ''],
    ['cleanup.policy', 'delete,shrink'],
    ['compression.type', 'brotli'],
    ['compression.type', 'gzip,lz4'],
    ['message.timestamp.type', 'createtime'],
    ['unclean.leader.election.enable', 'yes'],
    ['preallocate', 'true'],
    ['__proto__', '1'],
    ['constructor', '1'],
  ])('refuses %s = %p', (name, value) => {
    expect(() => checkTopicConfig(entry(name, value))).toThrow(invalid);
  });

  it('suggests the name that was meant', () => {
    expect(() => checkTopicConfig(entry('retenion.ms', '1'))).toThrow('did you mean "retention.ms"?');
  });

  it('says what a setting takes', () => {
    expect(() => checkTopicConfig(entry('compression.type', 'brotli'))).toThrow(
      'compression.type is "brotli"; give one of producer, uncompressed, gzip, snappy, lz4, zstd, as a string.',
    );
    expect(() => checkTopicConfig(entry('min.insync.replicas', '0'))).toThrow('from 1 to 2147483647');
  });

  it.each([undefined, null, {}, 'a', [null], ['a'], [{}], [{ name: 1, value: '1' }]])('refuses %p', (entries) => {
    expect(() => checkTopicConfig(entries as never)).toThrow(invalid);
  });

  it('refuses a name that is given twice, and lags that contradict each other', () => {
    expect(() => checkTopicConfig([...entry('segment.ms', '1'), ...entry('segment.ms', '2')])).toThrow('twice');
    const lags = [...entry('min.compaction.lag.ms', '10'), ...entry('max.compaction.lag.ms', '9')];
    expect(() => checkTopicConfig(lags)).toThrow(invalid);
  });
});

describe('resolveTopicConfig', () => {
  it('fills in Kafka’s defaults', () => {
    expect(resolveTopicConfig(new Map())).toEqual({
      cleanupPolicy: ['delete'],
      retentionMs: 604_800_000,
      retentionBytes: -1,
      segmentBytes: 1_073_741_824,
      segmentMs: 604_800_000,
      maxMessageBytes: 1_048_588,
      minInsyncReplicas: 1,
      compressionType: 'producer',
      deleteRetentionMs: 86_400_000,
      minCleanableDirtyRatio: 0.5,
      minCompactionLagMs: 0,
      maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
      messageTimestampType: 'CreateTime',
      messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
      messageTimestampAfterMaxMs: 3_600_000,
      uncleanLeaderElectionEnable: false,
    });
  });

  it('takes what was set and leaves names of later releases alone', () => {
    const config = resolveTopicConfig(
      new Map([
        ['cleanup.policy', 'compact,delete'],
        ['max.message.bytes', '100'],
        ['some.later.setting', 'x'],
      ]),
    );
    expect(config).toMatchObject({ cleanupPolicy: ['compact', 'delete'], maxMessageBytes: 100 });
  });

  it('has defaults that its own check accepts', () => {
    const entries = Object.entries(SETTINGS).map(([name, { fallback }]) => ({ name, value: fallback }));
    expect([...checkTopicConfig(entries)]).toEqual(entries.map(({ name, value }) => [name, value]));
  });
});
