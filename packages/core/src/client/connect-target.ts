import { checkConnectionUrl } from '../postgres/connection-url.js';
import { checkInteger, checkOptions, invalid, shown } from './check-options.js';
import type { ConnectOptions } from './connect-options.js';
import type { BrokerAddress } from './connection-settings.js';
import type { MetadataOptions } from './open-metadata.js';

/** With whom to connect: one broker, or the brokers of a cluster and where its metadata is. */
export type ConnectTarget =
  | { readonly kind: 'broker'; readonly url: string }
  | { readonly kind: 'cluster'; readonly brokers: readonly BrokerAddress[]; readonly metadata: MetadataOptions };

const CLUSTER = 'brokers: [{ id, url }, …] and metadata: { url } or { etcd: [urls] }';

/** @throws PostlogError `INVALID_CONFIG` that names the cure. */
export function checkTarget({ url, brokers, metadata, migrate, services }: ConnectOptions): ConnectTarget {
  if (brokers === undefined && metadata === undefined) return { kind: 'broker', url: checkConnectionUrl(url) };
  if (url !== undefined)
    throw invalid(`connect() takes url for one broker, or for a cluster ${CLUSTER}; give one of both`);
  if (brokers === undefined) throw invalid(`metadata is given without brokers; a cluster needs ${CLUSTER}`);
  if (metadata === undefined) throw invalid(`brokers are given without metadata; a cluster needs ${CLUSTER}`);
  const misplaced = migrate === true ? 'migrate' : services === true ? 'services' : undefined;
  if (misplaced !== undefined) {
    throw invalid(
      `${misplaced} is the work of a cluster's broker processes (startBroker, "postlog broker"); leave it out`,
    );
  }
  return { kind: 'cluster', brokers: checkBrokers(brokers), metadata };
}

function checkBrokers(given: unknown): BrokerAddress[] {
  if (!Array.isArray(given) || given.length === 0)
    throw invalid(`brokers is ${shown(given)}; give an array of { id, url }, at least one`);
  const brokers = (given as readonly BrokerAddress[]).map((broker, index) => {
    const what = `brokers[${index}]`;
    const { id, url, rack } = checkOptions(broker, ['id', 'url', 'rack'], what);
    const brokerId = checkInteger(id, `${what}.id`, { min: 1, max: 2 ** 31 - 1, fallback: 0 });
    if (brokerId === 0) throw invalid(`${what}.id is missing; give the number under which the broker runs`);
    if (rack !== undefined && typeof rack !== 'string') throw invalid(`${what}.rack is ${shown(rack)}; give a name`);
    return { id: brokerId, url: checkConnectionUrl(url), ...(rack === undefined ? {} : { rack }) };
  });
  const twice = brokers.find(({ id }, index) => brokers.findIndex((other) => other.id === id) !== index);
  if (twice !== undefined) throw invalid(`broker ${twice.id} is named twice in brokers; give each broker once`);
  return brokers;
}
