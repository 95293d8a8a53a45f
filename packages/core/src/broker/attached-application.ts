import { ClusterLog, type ClusterLogOptions } from '../outbox/cluster-log.js';
import { bindOutbox } from '../outbox/outbox.store.js';
import { Database, type DatabaseOptions } from '../postgres/database.js';
import { startListener } from '../postgres/listener.js';
import { migrate } from '../postgres/migrate.store.js';
import type { Random } from '../runtime/random.js';
import type { Loop } from '../runtime/run-loop.js';
import { Application } from './application.js';
import { Notifier } from './notifier.js';
import { readWakeUp } from './wake-up.js';

export interface AttachedApplicationOptions extends Omit<DatabaseOptions, 'poolSize'>, Pick<ClusterLogOptions, 'send'> {
  readonly name: string;
  readonly clusterId: string;
  readonly migrate: boolean;
  /** Run its sequencer in this process, if no other does. */
  readonly services: boolean;
  readonly random: Random;
}

/** One for the sequencer, one for what it forgets, one for claims and wake-ups. */
const POOL_SIZE = 3;

/** An application whose database is no broker's, as this process is attached to it. */
export class AttachedApplication {
  readonly application: Application;
  readonly #database: Database;
  readonly #log: ClusterLog | undefined;
  readonly #loops: Loop[];

  private constructor(application: Application, database: Database, loops: Loop[], log: ClusterLog | undefined) {
    this.application = application;
    this.#database = database;
    this.#loops = loops;
    this.#log = log;
  }

  /** @throws PostlogError `UNREGISTERED_DATABASE` where the database is another cluster's; as `connect` */
  static async open(options: AttachedApplicationOptions): Promise<AttachedApplication> {
    const { name, clusterId, schema, clock, random, logger, send } = options;
    const database = new Database({ ...options, poolSize: POOL_SIZE });
    try {
      if (options.migrate) await migrate(database);
      const { place, producerId } = await bindOutbox(database, clusterId);
      const channel = `${schema}_wake_up`;
      const processToken = random.uniqueName('p').slice(0, 14);
      const notifier = new Notifier({ database, channel, processToken, clock });
      const application = new Application({
        name,
        database,
        place,
        clock,
        random,
        announce: (key) => notifier.announce([key]),
      });
      const onError = (error: unknown) =>
        logger.debug('an application met an error', { application: name, reason: String(error) });
      const shared = { database, clock, random: random.next, onError };
      const onDropped = (partitionIds: readonly number[]) =>
        logger.warn('records of the outbox were for topics that are deleted', { application: name, partitionIds });
      if (!options.services) return new AttachedApplication(application, database, [], undefined);
      const log = new ClusterLog({ ...shared, producerId, send, onDropped });
      const services = application.startServices({
        ...shared,
        holder: processToken,
        log,
        onAppended: () => {},
        onDropped,
      });
      const listener = startListener({
        ...shared,
        channel,
        onPayload: (payload) => {
          const { sender, keys } = readWakeUp(payload);
          if (sender === processToken) return;
          if (keys === 'all') application.wake();
          else for (const key of keys) if (typeof key === 'string') application.hear(key);
        },
        onLive: (isLive) => application.setLive(isLive),
      });
      return new AttachedApplication(application, database, [...services, listener], log);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    await this.#log?.stop();
    await this.#database.close();
  }
}
