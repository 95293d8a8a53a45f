import type { Application } from '../broker/application.js';
import { PostlogError } from '../errors/postlog-error.js';
import { RegisteredDatabases } from '../outbox/registered-databases.js';
import type { EnteredTransaction } from '../outbox/transactional-outbox.js';
import type { Random } from '../runtime/random.js';
import type { TopicMetadata } from './metadata-cache.js';

/** A user's transaction, and the application that it is of. */
export type ApplicationTransaction = EnteredTransaction & { readonly application: Application };

/** The databases whose transactions publish and consume. */
export class Applications {
  readonly #applications: readonly Application[];
  readonly #databases: RegisteredDatabases<Application>;

  constructor(applications: readonly Application[], options: { readonly schema: string; readonly random: Random }) {
    this.#applications = applications;
    this.#databases = new RegisteredDatabases({
      schema: options.schema,
      uniqueName: (prefix) => options.random.uniqueName(prefix),
      databases: new Map(applications.map((application) => [application.place, application])),
    });
  }

  /** By name; without one, the only one. @throws PostlogError `UNREGISTERED_DATABASE` */
  named(name: string | undefined): Application {
    const applications = this.#applications;
    if (applications.length === 0) throw none();
    const found = name === undefined ? applications : applications.filter((application) => application.name === name);
    if (found.length === 1) return found[0]!;
    const names = applications.flatMap((application) => application.name ?? []);
    throw new PostlogError(
      'UNREGISTERED_DATABASE',
      name === undefined
        ? `there are several applications; say which with application: one of ${names.join(', ')}.`
        : `there is no application ${name}; ${names.length === 0 ? "leave it out, for the broker's own database" : `give one of ${names.join(', ')}`}.`,
    );
  }

  /** All of them; the broker's own is the first. @throws PostlogError `UNREGISTERED_DATABASE` where there is none */
  get all(): readonly Application[] {
    if (this.#applications.length === 0) throw none();
    return this.#applications;
  }

  /** Who keeps what is sent for later, in no transaction: the broker's own database, or the only one. @throws PostlogError `UNREGISTERED_DATABASE` */
  get keeper(): Application {
    const { all } = this;
    if (all[0]!.name === null || all.length === 1) return all[0]!;
    throw new PostlogError(
      'UNREGISTERED_DATABASE',
      'there are several applications, and nothing says which keeps records that are sent for later; send them in a transaction of one.',
    );
  }

  /** Whether this process published for one of these partitions in a transaction that has ended, and may not be in the log yet. */
  holdBack(partitions: TopicMetadata['partitions']): boolean {
    return this.#applications.some(({ own }) => own.concerns(partitions));
  }

  /** Resolves when it is in the log; after a few seconds in any case. */
  async untilSequenced(partitions: TopicMetadata['partitions']): Promise<void> {
    await Promise.all(this.#applications.map(({ own }) => own.untilSequenced(partitions)));
  }

  /** Demands an open transaction of one of them. @throws PostlogError `INVALID_TXN_STATE`, `UNREGISTERED_DATABASE` */
  async enter(handle: unknown): Promise<ApplicationTransaction> {
    if (this.#applications.length === 0) throw none();
    const { database, ...entered } = await this.#databases.enter(handle);
    return { ...entered, application: database };
  }
}

function none(): PostlogError {
  return new PostlogError(
    'UNREGISTERED_DATABASE',
    'a cluster takes part in transactions, and keeps records for later, in databases that it knows; name them in connect({ applications: [{ name, url }] }).',
  );
}
