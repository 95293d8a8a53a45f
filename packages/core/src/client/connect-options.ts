import type { Logger } from '../runtime/logger.js';
import type { BrokerAddress } from './connection-settings.js';
import type { ApplicationAddress } from './open-applications.js';
import type { MetadataOptions } from './open-metadata.js';
import type { RetryOptions } from '../runtime/backoff.js';

/** How to reach the broker's database, and what this process takes part in. */
export interface ConnectOptions {
  /** One broker: `postgres://user:password@host:port/database`; the password never appears in a message. */
  readonly url?: string;
  /** A cluster: where the database of each broker is. A broker without a url here cannot be reached from this process. */
  readonly brokers?: readonly BrokerAddress[];
  /** A cluster: where it keeps what it knows of itself. */
  readonly metadata?: MetadataOptions;
  /**
   * Databases, beside that of `url`, whose transactions publish (`send({ transaction })`) and consume (`run({ transactional: true })`). Postlog keeps tables of
   * its own there, and this process, unless `services` is false, brings to the log what was published.
   */
  readonly applications?: readonly ApplicationAddress[];
  /** Postgres schema that holds the log [`postlog`]. */
  readonly schema?: string;
  /** Bring the schema up to date on connect [`true`]; `false` demands that it is. */
  readonly migrate?: boolean;
  /** Run the background services (segment preparation, expiry) in this process [`true`]. */
  readonly services?: boolean;
  /** How long a group's offsets are kept that nobody needs, in milliseconds [604 800 000: 7 days] (rule H57). */
  readonly offsetsRetentionMs?: number;
  /** Create a topic with one partition when a producer first sends to it [`false`]: a typo must not create topics. */
  readonly allowAutoTopicCreation?: boolean;
  /** Named in logs, events and group descriptions [`postlog`]. */
  readonly clientId?: string;
  /** Most connections this process holds to the broker, 2 to 4 [4]; one of them listens for wake-ups. */
  readonly maxConnections?: number;
  /** Deadline for opening a connection, and for getting one from the pool, in milliseconds [10 000]. */
  readonly connectionTimeout?: number;
  /** Deadline of one request to the database, in milliseconds [30 000]. */
  readonly requestTimeout?: number;
  /** How requests that failed retriably are repeated (KafkaJS's `retry`). */
  readonly retry?: RetryOptions;
  /** Where log lines go [warnings and errors to standard error]; `null` silences. */
  readonly logger?: Logger | null;
}
