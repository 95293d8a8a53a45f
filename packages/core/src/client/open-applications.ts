import type { Broker } from '../broker/broker.js';
import { AttachedApplication, type AttachedApplicationOptions } from '../broker/attached-application.js';
import { checkConnectionUrl } from '../postgres/connection-url.js';
import { Applications } from './applications.js';
import { checkOptions, invalid, shown } from './check-options.js';
import type { Cluster } from './cluster.js';
import { sendComposed } from './send-composed.js';

/** A database of the user's own whose transactions publish and consume. */
export interface ApplicationAddress {
  /** For `run({ application })`, and in messages. */
  readonly name: string;
  readonly url: string;
}

/** They, and what is to be closed before the cluster. */
export interface OpenApplications {
  readonly applications: Applications;
  close(): Promise<void>;
}

type Context = Omit<AttachedApplicationOptions, 'name' | 'url' | 'clusterId' | 'send'>;

/** @throws PostlogError `INVALID_CONFIG` */
export function checkApplications(given: unknown): ApplicationAddress[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw invalid(`applications is ${shown(given)}; give an array of { name, url }`);
  const applications = (given as readonly ApplicationAddress[]).map((each, index) => {
    const { name, url } = checkOptions(each, ['name', 'url'], `applications[${index}]`);
    if (typeof name !== 'string' || !/^[\w.-]{1,100}$/.test(name))
      throw invalid(`applications[${index}].name is ${shown(name)}; give 1 to 100 letters, digits, ".", "_" and "-"`);
    return { name, url: checkConnectionUrl(url) };
  });
  const twice = applications.find(({ name }, index) => applications.findIndex((each) => each.name === name) !== index);
  if (twice !== undefined) throw invalid(`application ${twice.name} is named twice; give each a name of its own`);
  return applications;
}

/** `broker`: one that is alone, whose own database is an application by itself. @throws PostlogError as `connect` */
export async function openApplications(
  cluster: Cluster,
  broker: Broker | undefined,
  addresses: readonly ApplicationAddress[],
  context: Context,
): Promise<OpenApplications> {
  const own = broker?.application;
  const attached: AttachedApplication[] = [];
  const close = async () => void (await Promise.all(attached.map((each) => each.close())));
  try {
    if (addresses.length > 0) {
      const clusterId = own?.place ?? (await cluster.operations.describe()).clusterId;
      for (const address of addresses) {
        const send: AttachedApplicationOptions['send'] = (batch) => sendComposed(cluster, batch);
        attached.push(await AttachedApplication.open({ ...context, ...address, clusterId, send }));
      }
    }
    const all = [...(own === undefined ? [] : [own]), ...attached.map(({ application }) => application)];
    return { applications: new Applications(all, context), close };
  } catch (error) {
    await close();
    throw error;
  }
}
