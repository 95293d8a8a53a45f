import type { PostlogError } from '../errors/postlog-error.js';
import { invalid } from './check-options.js';
import type { MetadataOptions } from './open-metadata.js';

/** A broker of a cluster, and where its database is. */
export interface BrokerAddress {
  readonly id: number;
  readonly url: string;
  /** For one list with what runs the brokers; what counts is the rack that the broker is registered with. */
  readonly rack?: string;
}

/** One broker, or the brokers of a cluster and where its metadata is: the part of `connect`'s options that says with whom. */
export type ConnectionSettings =
  { readonly url: string } | { readonly brokers: readonly BrokerAddress[]; readonly metadata: MetadataOptions };

/**
 * Reads from the environment with whom to connect: `POSTLOG_BROKERS` (`1=postgres://…,2=postgres://…`) and `POSTLOG_METADATA` (`postgres://…` or
 * `etcd:http://host:2379`) name a cluster; without them `DATABASE_URL` names one broker.
 *
 * @throws PostlogError `INVALID_CONFIG`
 *
 * @example
 * const postlog = await connect({ ...connectionFromEnvironment(process.env), clientId: 'mailer' });
 */
export function connectionFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): ConnectionSettings {
  const { POSTLOG_BROKERS: brokers = '', POSTLOG_METADATA: metadata = '', DATABASE_URL: url = '' } = environment;
  if (brokers !== '') {
    if (metadata !== '') return { brokers: parseBrokers(brokers), metadata: parseMetadata(metadata) };
    throw invalid(
      'POSTLOG_BROKERS is set and POSTLOG_METADATA is not; set it to postgres://… or etcd:http://host:2379',
    );
  }
  if (url !== '') return { url };
  throw invalid('set DATABASE_URL for one broker, or POSTLOG_BROKERS and POSTLOG_METADATA for a cluster');
}

/** `1=postgres://…,2=postgres://…` @throws PostlogError `INVALID_CONFIG` */
export function parseBrokers(text: string): BrokerAddress[] {
  // A comma may stand in a url; one that is followed by a number and "=" ends it.
  const brokers = text.split(/,(?=\d+=)/).map(parseBroker);
  const twice = brokers.find(({ id }, index) => brokers.findIndex((other) => other.id === id) !== index);
  if (twice !== undefined) throw invalid(`broker ${twice.id} is named twice; give each broker once`);
  return brokers;
}

/** `2=postgres://…` @throws PostlogError `INVALID_CONFIG` */
export function parseBroker(text: string): BrokerAddress {
  const [, id, url] = /^([1-9]\d{0,9})=(postgres(?:ql)?:\/\/.+)$/.exec(text) ?? [];
  if (id === undefined || url === undefined) throw notABroker();
  return { id: Number(id), url };
}

/** A Postgres url, or `etcd:http://host:2379,http://…`. @throws PostlogError `INVALID_CONFIG` */
export function parseMetadata(text: string): MetadataOptions {
  if (/^postgres(ql)?:\/\/./.test(text)) return { url: text };
  const etcd = text.startsWith('etcd:') ? text.slice('etcd:'.length).split(',') : [];
  if (etcd.length > 0 && etcd.every((url) => /^https?:\/\/[^/\s]/.test(url))) return { etcd };
  throw invalid('metadata is given as postgres://user:password@host:port/database or as etcd:http://host:2379');
}

/** What was given may hold a password, so the message does not repeat it. */
function notABroker(): PostlogError {
  return invalid('a broker is given as its number and its url: 1=postgres://user:password@host:port/database');
}
