import { PostlogError } from '../errors/postlog-error.js';
import { isReadOnlyRefusal, mustBeRepeated, toPostlogError } from './postgres-error.js';
import { recogniseHandle, UnusableHandle, type PgClient, type QueryHandle } from './transaction-handle.js';

/** One letter in each `ReadyForQuery` message: idle, in a transaction, in one that failed. */
const IDLE = 'I';
const FAILED = 'E';

/**
 * The connection behind a user's transaction.
 *
 * Nothing of ours stays on it but one listener for each `pg` client, which tells when a transaction has ended.
 */
export interface UserTransaction {
  /** The same object for all transactions of one connection, where that is known. */
  readonly connection: object | undefined;
  /** The connection is idle inside a transaction, so the next statement is part of it. False: nobody knows. */
  readonly isOpenForSure: boolean;
  /** Calls once the transaction has ended, one way or the other; false when that cannot be seen. */
  onceEnded(run: () => void): boolean;
  /** @throws PostlogError, or the driver's own error where it is the user's to repeat the transaction (SQLSTATE 40001, 40P01) */
  query<Row>(text: string, parameters: unknown[]): Promise<Row[]>;
}

/** @throws PostlogError `INVALID_TXN_STATE` */
export async function userTransaction(handle: unknown): Promise<UserTransaction> {
  const recognised = await recogniseHandle(handle);
  if (recognised instanceof UnusableHandle) throw invalidState(`the transaction cannot be used: ${recognised.cure}`);
  if (recognised.kind === 'query') return new BareTransaction(recognised.handle);
  const watched = watch(recognised.client);
  const { client } = recognised;
  if (client.readyForQuery && watched.status === IDLE) throw notInTransaction();
  if (client.readyForQuery && watched.status === FAILED) {
    throw invalidState('the transaction has failed and can only be rolled back');
  }
  return watched;
}

export function notInTransaction(): PostlogError {
  return invalidState(
    'the connection is in no transaction, or it has ended; run "begin" before, and await send() before "commit"',
  );
}

function invalidState(detail: string): PostlogError {
  return new PostlogError('INVALID_TXN_STATE', `${detail}.`);
}

const WATCHED = new WeakMap<PgClient, ClientTransaction>();

function watch(client: PgClient): ClientTransaction {
  let watched = WATCHED.get(client);
  if (watched === undefined) WATCHED.set(client, (watched = new ClientTransaction(client)));
  return watched;
}

/** A `pg` client, whose state is told by each answer of the server. */
class ClientTransaction implements UserTransaction {
  readonly #client: PgClient;
  #waiting: (() => void)[] = [];
  /** Undefined until the server's next answer, with an old `pg`. */
  status: string | undefined;

  constructor(client: PgClient) {
    this.#client = client;
    this.status = client.getTransactionStatus?.() ?? undefined;
    client.connection.on('readyForQuery', ({ status }) => {
      this.status = status;
      if (status !== IDLE || this.#waiting.length === 0) return;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const run of waiting) run();
    });
  }

  get connection(): object {
    return this.#client;
  }

  get isOpenForSure(): boolean {
    return this.#client.readyForQuery && this.status === 'T';
  }

  onceEnded(run: () => void): boolean {
    if (!this.#waiting.includes(run)) this.#waiting.push(run);
    return true;
  }

  query<Row>(text: string, parameters: unknown[]): Promise<Row[]> {
    return runOn(this.#client, text, parameters);
  }
}

/** Something that runs SQL, and no more is known of it. */
class BareTransaction implements UserTransaction {
  readonly connection = undefined;
  readonly isOpenForSure = false;
  readonly #handle: QueryHandle;

  constructor(handle: QueryHandle) {
    this.#handle = handle;
  }

  onceEnded(): boolean {
    return false;
  }

  query<Row>(text: string, parameters: unknown[]): Promise<Row[]> {
    return runOn(this.#handle, text, parameters);
  }
}

async function runOn<Row>(handle: QueryHandle, text: string, parameters: unknown[]): Promise<Row[]> {
  let answer: { readonly rows?: unknown };
  try {
    answer = await handle.query(text, parameters);
  } catch (error) {
    if (mustBeRepeated(error)) throw error;
    if (isReadOnlyRefusal(error)) throw invalidState('the transaction is read only; begin it with "read write"');
    throw toPostlogError(error, { sent: false });
  }
  if (!Array.isArray(answer?.rows)) throw invalidState('query() of the transaction must answer { rows }');
  return answer.rows as Row[];
}
