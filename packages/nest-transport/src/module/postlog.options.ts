import { CONNECT_OPTIONS, PostlogError, type ConnectOptions, type HandlerRetry, type OnExhausted } from '@postlog/core';
import type { SubscriptionSettings } from '../consume/subscribe-options.js';
import type { DataSourceHandle, RunInTransaction } from '../consume/transactions.js';
import { checkNames } from '../known-names.js';
import type { RequestSettings } from '../publish/open-client.js';
import type { AmbientTx } from '../publish/transaction-scope.js';
import type { CreateTopics } from '../topic/prepare-topics.js';

/** Core's connection options, and how this application publishes and consumes. */
export interface PostlogModuleOptions extends ConnectOptions, RequestSettings {
  /** Group of handlers that name none, used exactly as written. */
  readonly group?: string;
  /** Whether this process consumes at all [`true`]; `false` for pods that only serve HTTP. */
  readonly consume?: boolean;
  /** Whether topics of `forFeature`, and those of `@MessagePattern`, are created where they are missing [`'declared'`]. */
  readonly createTopics?: CreateTopics;
  /** How a topic's name reads in this environment [as it is]: `(name) => `${stage}.${name}``. Not for regular expressions. */
  readonly topicName?: (name: string) => string;
  /** Settings of single handlers by their `id`; they win over those in the code. */
  readonly subscriptions?: Readonly<Record<string, SubscriptionSettings>>;
  /**
   * The transaction that is open where `producer.send()` is called, for adapters: `() => transactionHost` of `@nestjs-cls/transactional`,
   * `() => dataSource.manager` with `typeorm-transactional` [only transactional handlers have one].
   */
  readonly ambientTx?: AmbientTx;
  /** Whether publishing without a transaction is refused where the topic does not say [`false`]. */
  readonly requireTx?: boolean;
  /** How long a shutdown waits for handlers that run, in milliseconds [10 000]. */
  readonly drainTimeoutMs?: number;
  /** How many partitions of one subscription are handled at the same time [16]. */
  readonly concurrency?: number;
  /** How often handled offsets are committed, in milliseconds [1 000]. */
  readonly autoCommitIntervalMs?: number;
  /** A member that is silent this long loses its partitions, in milliseconds [45 000]. */
  readonly sessionTimeout?: number;
  /** Begins and ends the transactions of handlers with `transaction: true` [on connections that the transport opens]. */
  readonly runInTransaction?: RunInTransaction;
  /** The same with TypeORM: its `DataSource`, whose `EntityManager` handlers get. */
  readonly dataSource?: DataSourceHandle;
  /** Which of `applications` these transactions are of, by name [the only one; with one broker its own database]. */
  readonly application?: string;
  /** How handlers that do not say are called again after a failure [for ever: `delayMs` 200, doubling, `maxDelayMs` 30 000]. */
  readonly retry?: HandlerRetry;
  /** What becomes of a record after the last attempt, where its handler does not say [`'deadLetter'`]. */
  readonly onExhausted?: OnExhausted;
}

const OWN = [
  'group',
  'consume',
  'createTopics',
  'topicName',
  'subscriptions',
  'requestTimeoutMs',
  'requestTopic',
  'ambientTx',
  'requireTx',
  'drainTimeoutMs',
  'concurrency',
  'autoCommitIntervalMs',
  'sessionTimeout',
  'runInTransaction',
  'dataSource',
  'application',
  'retry',
  'onExhausted',
] as const;

/** @throws PostlogError `INVALID_CONFIG`, naming the nearest option for one that nobody knows. */
export function checkModuleOptions(options: PostlogModuleOptions): PostlogModuleOptions {
  checkNames(options, [...CONNECT_OPTIONS, ...OWN], 'PostlogModule');
  const { createTopics = 'declared', topicName, ambientTx } = options;
  if (createTopics !== 'declared' && createTopics !== 'never')
    throw invalid(`createTopics is ${JSON.stringify(createTopics)}; give 'declared' or 'never'`);
  if (topicName !== undefined && typeof topicName !== 'function')
    throw invalid('topicName is no function; give one that takes a name and answers the name to use');
  if (ambientTx !== undefined && typeof ambientTx !== 'function')
    throw invalid('ambientTx is no function; give one that answers the transaction where it is called, or undefined');
  checkTransactions(options);
  return options;
}

function checkTransactions({ runInTransaction, dataSource }: PostlogModuleOptions): void {
  if (runInTransaction !== undefined && dataSource !== undefined)
    throw invalid(
      'runInTransaction and dataSource are both given; give the one that handlers get their transactions of',
    );
  if (runInTransaction !== undefined && typeof runInTransaction !== 'function')
    throw invalid('runInTransaction is no function; give (work) => dataSource.transaction(work)');
  if (dataSource !== undefined && typeof dataSource.transaction !== 'function')
    throw invalid("dataSource has no transaction(); give TypeORM's DataSource (inject: [getDataSourceToken()])");
}

/** The part that core's `connect` takes; it checks the values. */
export function connectOptions(options: PostlogModuleOptions): ConnectOptions {
  const own: readonly string[] = OWN;
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => !own.includes(name)),
  ) as unknown as ConnectOptions;
}

function invalid(detail: string): PostlogError {
  return new PostlogError('INVALID_CONFIG', `${detail}.`);
}
