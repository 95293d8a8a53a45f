import { PostlogError } from '../errors/postlog-error.js';
import { suggestion } from './known-keys.js';
import { quoted } from './quoted.js';
import { NOT_OURS, SETTINGS, type Setting, type SettingName } from './topic-settings.js';

/** A topic's settings with Kafka's defaults filled in. Limits of 2^63-1 read as the largest safe whole number. */
export interface TopicConfig {
  readonly cleanupPolicy: readonly ('delete' | 'compact')[];
  /** -1: records are kept for ever. */
  readonly retentionMs: number;
  /** -1: any size. */
  readonly retentionBytes: number;
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly maxMessageBytes: number;
  readonly minInsyncReplicas: number;
  readonly compressionType: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  readonly deleteRetentionMs: number;
  readonly minCleanableDirtyRatio: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime';
  readonly messageTimestampBeforeMaxMs: number;
  readonly messageTimestampAfterMaxMs: number;
  readonly uncleanLeaderElectionEnable: boolean;
}

/**
 * Settings as users give them (KafkaJS's `configEntries`), by name.
 *
 * @throws PostlogError `INVALID_CONFIG` that names the setting, what was given and what is possible.
 */
export function checkTopicConfig(
  entries: readonly { readonly name: string; readonly value: string }[],
): ReadonlyMap<string, string> {
  if (!Array.isArray(entries)) throw invalid(`configEntries is ${quoted(entries)}; give an array of { name, value }`);
  const checked = new Map<string, string>();
  for (const entry of entries as readonly unknown[]) {
    if (typeof entry !== 'object' || entry === null)
      throw invalid(`a config entry is ${quoted(entry)}; give { name, value }`);
    const { name, value } = entry as { readonly name?: unknown; readonly value?: unknown };
    const known = checkName(name);
    if (checked.has(known)) throw invalid(`${known} is given twice; give it once`);
    checked.set(known, checkValue(known, value));
  }
  const { minCompactionLagMs, maxCompactionLagMs } = resolveTopicConfig(checked);
  if (minCompactionLagMs > maxCompactionLagMs) {
    throw invalid(
      `min.compaction.lag.ms (${minCompactionLagMs}) is over max.compaction.lag.ms (${maxCompactionLagMs})`,
    );
  }
  return checked;
}

/** The settings that a topic goes by; names that this release does not know are for a later one. */
export function resolveTopicConfig(map: ReadonlyMap<string, string>): TopicConfig {
  const text = (name: SettingName) => map.get(name) ?? SETTINGS[name].fallback;
  const number = (name: SettingName) => Math.min(Number(text(name)), Number.MAX_SAFE_INTEGER);
  return {
    cleanupPolicy: words(text('cleanup.policy')) as ('delete' | 'compact')[],
    retentionMs: number('retention.ms'),
    retentionBytes: number('retention.bytes'),
    segmentBytes: number('segment.bytes'),
    segmentMs: number('segment.ms'),
    maxMessageBytes: number('max.message.bytes'),
    minInsyncReplicas: number('min.insync.replicas'),
    compressionType: text('compression.type') as TopicConfig['compressionType'],
    deleteRetentionMs: number('delete.retention.ms'),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    messageTimestampType: text('message.timestamp.type') as TopicConfig['messageTimestampType'],
    messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    uncleanLeaderElectionEnable: text('unclean.leader.election.enable') === 'true',
  };
}

function checkName(name: unknown): SettingName {
  if (typeof name === 'string') {
    if (Object.hasOwn(SETTINGS, name)) return name as SettingName;
    if (NOT_OURS.includes(name))
      throw invalid(`${name} is a setting of Kafka that Postlog has no use for; leave it out`);
    throw new PostlogError(
      'INVALID_CONFIG',
      `unknown topic setting ${quoted(name)}; ${suggestion(name, Object.keys(SETTINGS))}`,
    );
  }
  throw invalid(`a config entry's name is ${quoted(name)}; give a string`);
}

/** The value in the one form that is stored. */
function checkValue(name: SettingName, value: unknown): string {
  const setting = SETTINGS[name];
  const form = typeof value === 'string' ? normalForm(setting, value.trim()) : undefined;
  if (form !== undefined) return form;
  const what = 'choices' in setting ? setting.choices.join(', ') : `from ${setting.min} to ${setting.max}`;
  throw invalid(`${name} is ${quoted(value)}; give ${setting.kind} ${what}, as a string`);
}

function normalForm(setting: Setting, value: string): string | undefined {
  if (setting.kind === 'a whole number') {
    if (!/^-?\d{1,19}$/.test(value)) return undefined;
    const number = BigInt(value);
    return number >= setting.min && number <= setting.max ? String(number) : undefined;
  }
  if (setting.kind === 'a number') {
    if (!/^\d{1,10}(\.\d{1,20})?$/.test(value)) return undefined;
    const number = Number(value);
    return number >= setting.min && number <= setting.max ? String(number) : undefined;
  }
  const given = 'isList' in setting ? words(value) : [value];
  return given.every((word) => setting.choices.includes(word)) ? [...new Set(given)].join(',') : undefined;
}

function words(list: string): string[] {
  return list.split(',').map((word) => word.trim());
}

function invalid(detail: string): PostlogError {
  return new PostlogError('INVALID_CONFIG', `${detail}.`);
}
