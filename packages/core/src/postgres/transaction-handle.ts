/**
 * A transaction that somebody else began, on a connection of theirs: what users hand over as `transaction`.
 *
 * Recognised by shape, since core knows neither TypeORM nor the version of `pg` that an application has.
 */

/** Anything that runs SQL inside the transaction, as a `pg` client does. */
export interface QueryHandle {
  query(sql: string, parameters: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

/** TypeORM's `QueryRunner`. */
export interface QueryRunnerHandle {
  readonly isTransactionActive: boolean;
  readonly isReleased: boolean;
  /** Answers the driver's connection. */
  connect(): Promise<unknown>;
}

/** TypeORM's `EntityManager`, as `dataSource.transaction(async (manager) => …)` gives it. */
export interface EntityManagerHandle {
  readonly queryRunner?: QueryRunnerHandle | undefined;
}

/** A transaction that is open: a `pg` client, TypeORM's `EntityManager` or `QueryRunner`, or `{ query(sql, parameters) }`. */
export type TransactionHandle = QueryHandle | QueryRunnerHandle | EntityManagerHandle;

/** What a handle turned out to be. */
export type RecognisedHandle =
  { readonly kind: 'client'; readonly client: PgClient } | { readonly kind: 'query'; readonly handle: QueryHandle };

/** What we use of a `pg` client. */
export interface PgClient extends QueryHandle {
  /** Idle: nothing is on its way, and nothing waits to be sent. */
  readonly readyForQuery: boolean;
  readonly connection: {
    on(event: 'readyForQuery', listener: (message: { readonly status?: string }) => void): unknown;
  };
  /** From pg 8.17 on. */
  getTransactionStatus?(): string | null;
}

/** Why a handle cannot be used, and what to give instead; a plain text for the caller's error. */
export class UnusableHandle {
  readonly cure: string;

  constructor(cure: string) {
    this.cure = cure;
  }
}

/** Finds the connection behind a handle. */
export async function recogniseHandle(handle: unknown): Promise<RecognisedHandle | UnusableHandle> {
  if (typeof handle !== 'object' || handle === null)
    return new UnusableHandle(`it is ${handle === null ? 'null' : typeof handle}; ${WHAT_TO_GIVE}`);
  if (isPgClient(handle)) return { kind: 'client', client: handle };
  if (isQueryRunner(handle)) return fromQueryRunner(handle);
  if ('createQueryRunner' in handle) return new UnusableHandle(`it is a DataSource; ${WHAT_TO_GIVE}`);
  if ('queryRunner' in handle || isEntityManager(handle)) {
    const runner = (handle as EntityManagerHandle).queryRunner;
    return isQueryRunner(runner) ? fromQueryRunner(runner) : new UnusableHandle(NO_TRANSACTION_IN_MANAGER);
  }
  if ('totalCount' in handle && 'connect' in handle) {
    return new UnusableHandle(
      'it is a pool, which runs each query on any connection; give the client that "begin" ran on',
    );
  }
  return hasQuery(handle)
    ? { kind: 'query', handle }
    : new UnusableHandle(`it has no query(sql, parameters); ${WHAT_TO_GIVE}`);
}

const WHAT_TO_GIVE =
  'give a pg client on which "begin" ran, TypeORM\'s EntityManager or QueryRunner, or { query(sql, parameters) }';

const NO_TRANSACTION_IN_MANAGER =
  'the EntityManager is in no transaction; give the one that dataSource.transaction(async (manager) => …) hands over';

async function fromQueryRunner(runner: QueryRunnerHandle): Promise<RecognisedHandle | UnusableHandle> {
  if (runner.isReleased)
    return new UnusableHandle('the QueryRunner is released, its transaction has ended; send before it ends');
  if (!runner.isTransactionActive) {
    return new UnusableHandle(
      'the QueryRunner is in no transaction; call startTransaction() before, and send before it ends',
    );
  }
  const connection = await runner.connect();
  if (isPgClient(connection)) return { kind: 'client', client: connection };
  return hasQuery(connection)
    ? { kind: 'query', handle: connection }
    : new UnusableHandle(`its database is not Postgres; ${WHAT_TO_GIVE}`);
}

function isPgClient(value: unknown): value is PgClient {
  return (
    hasQuery(value) &&
    'readyForQuery' in value &&
    'connection' in value &&
    typeof value.connection === 'object' &&
    value.connection !== null &&
    'on' in value.connection
  );
}

function isQueryRunner(value: unknown): value is QueryRunnerHandle {
  return (
    typeof value === 'object' &&
    value !== null &&
    'isTransactionActive' in value &&
    'connect' in value &&
    typeof value.connect === 'function'
  );
}

function isEntityManager(value: object): boolean {
  return 'transaction' in value && 'getRepository' in value;
}

function hasQuery(value: unknown): value is QueryHandle {
  return typeof value === 'object' && value !== null && 'query' in value && typeof value.query === 'function';
}
