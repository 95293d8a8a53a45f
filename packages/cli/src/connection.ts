import {
  connectionFromEnvironment,
  parseBrokers,
  parseMetadata,
  PostlogError,
  type ConnectionSettings,
  type MetadataOptions,
} from '@postlog/core';

/** The global options, as they were given. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly brokers?: string;
  readonly metadata?: string;
  readonly schema: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What the command works on: an option counts more than the environment.
 *
 * @throws PostlogError `INVALID_CONFIG`
 */
export function readConnection(options: ConnectionOptions, environment: Environment): ConnectionSettings {
  const { url, brokers, metadata } = options;
  if (url !== undefined && brokers !== undefined)
    throw invalid('--url reaches one broker and --brokers a cluster; give one of them.');
  if (url !== undefined) {
    if (metadata === undefined) return { url };
    throw invalid('--metadata goes with a cluster; give --brokers 1=postgres://…,2=postgres://… instead of --url.');
  }
  const { POSTLOG_BROKERS = '', POSTLOG_METADATA = '', DATABASE_URL = '' } = environment;
  const list = brokers ?? POSTLOG_BROKERS;
  const store = metadata ?? POSTLOG_METADATA;
  if (list !== '' && store !== '') return { brokers: parseBrokers(list), metadata: parseMetadata(store) };
  if (brokers !== undefined)
    throw invalid('--brokers goes with --metadata postgres://… or etcd:http://host:2379; or set POSTLOG_METADATA.');
  if (metadata !== undefined)
    throw invalid('--metadata goes with --brokers 1=postgres://…,2=postgres://…; or set POSTLOG_BROKERS.');
  if (list !== '' || DATABASE_URL !== '') return connectionFromEnvironment(environment);
  throw invalid(
    'give --url or set DATABASE_URL for one broker; give --brokers and --metadata or set POSTLOG_BROKERS and POSTLOG_METADATA for a cluster.',
  );
}

/** A broker that was alone, and the metadata store of the cluster that it shall be the first of. @throws PostlogError `INVALID_CONFIG` */
export function foundingOf(
  options: ConnectionOptions,
  environment: Environment,
): { readonly url: string; readonly metadata: MetadataOptions; readonly schema: string } {
  const { url = environment['DATABASE_URL'] ?? '', metadata = environment['POSTLOG_METADATA'] ?? '', schema } = options;
  if (url !== '' && metadata !== '') return { url, metadata: parseMetadata(metadata), schema };
  throw invalid(
    'brokers add needs --url of the broker, and --metadata postgres://… or etcd:http://host:2379 of its cluster.',
  );
}

function invalid(cure: string): PostlogError {
  return new PostlogError('INVALID_CONFIG', cure);
}
