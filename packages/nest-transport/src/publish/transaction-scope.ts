import { AsyncLocalStorage } from 'node:async_hooks';
import { PostlogError, type EntityManagerHandle, type QueryRunnerHandle, type TransactionHandle } from '@postlog/core';

/** What `@nestjs-cls/transactional` calls its `TransactionHost`. */
export interface TransactionHostHandle {
  isTransactionActive(): boolean;
  readonly tx: unknown;
}

/**
 * Answers the transaction that is open where it is called, or whoever knows it: a `TransactionHost`, or TypeORM's `EntityManager`, which
 * `typeorm-transactional` makes that of its transaction. Undefined, a host without a transaction and a manager without one are none.
 */
export type AmbientTx = () => TransactionHandle | TransactionHostHandle | undefined;

/** What a topic's contract says, if it has one. */
interface RequiringTopic {
  readonly name: string;
  readonly requireTx?: boolean | undefined;
}

interface HandlerTransaction {
  readonly transaction: TransactionHandle;
  hasEnded: boolean;
}

/** Which transaction a `send` that names none belongs to: of one connection. */
export class TransactionScope {
  readonly #ambient: AmbientTx | undefined;
  readonly #requireTx: boolean;
  readonly #handlers = new AsyncLocalStorage<HandlerTransaction>();

  /** @param requireTx whether topics that do not say are published to in transactions only. */
  constructor(ambient?: AmbientTx, requireTx = false) {
    this.#ambient = ambient;
    this.#requireTx = requireTx;
  }

  /** Runs a handler: what it sends meanwhile belongs to its transaction. */
  async run<T>(transaction: TransactionHandle, work: () => Promise<T>): Promise<T> {
    const own = { transaction, hasEnded: false };
    try {
      return await this.#handlers.run(own, work);
    } finally {
      own.hasEnded = true;
    }
  }

  /**
   * The transaction of a `send`: the one it names, else the current one. Null is none.
   *
   * @throws PostlogError `INVALID_TXN_STATE` where there is none and the topic demands one
   */
  choose(
    given: TransactionHandle | null | undefined,
    { name, requireTx = this.#requireTx }: RequiringTopic,
  ): TransactionHandle | undefined {
    const transaction = given === undefined ? this.current() : (given ?? undefined);
    if (transaction !== undefined || !requireTx) return transaction;
    throw new PostlogError(
      'INVALID_TXN_STATE',
      `records of ${name} are published in a transaction only (requireTx), and this send has none; give { tx }, in dataSource.transaction(async (tx) => …).`,
    );
  }

  /**
   * The innermost: one that is ambient was begun by the handler, or is the handler's.
   *
   * @throws PostlogError `INVALID_TXN_STATE` in what a handler left behind that has ended
   */
  current(): TransactionHandle | undefined {
    const ambient = openTransaction(this.#ambient?.());
    if (ambient !== undefined) return ambient;
    const handler = this.#handlers.getStore();
    if (handler?.hasEnded === true) {
      throw new PostlogError(
        'INVALID_TXN_STATE',
        'the handler that began this send has ended, and its transaction with it; await the send in the handler, or publish at once with { tx: null }.',
      );
    }
    return handler?.transaction;
  }
}

/** What an adapter answered, if that is in a transaction; another handle is the user's word that it is. */
export function openTransaction(given: ReturnType<AmbientTx>): TransactionHandle | undefined {
  if (typeof given !== 'object' || given === null) return given ?? undefined;
  if ('isTransactionActive' in given && typeof given.isTransactionActive === 'function')
    return (given as TransactionHostHandle).isTransactionActive()
      ? openTransaction((given as TransactionHostHandle).tx as TransactionHandle)
      : undefined;
  if (isEntityManager(given)) return given.queryRunner?.isTransactionActive === true ? given : undefined;
  if ('isTransactionActive' in given) return (given as QueryRunnerHandle).isTransactionActive ? given : undefined;
  return given;
}

function isEntityManager(given: object): given is EntityManagerHandle {
  return 'queryRunner' in given || ('transaction' in given && 'getRepository' in given);
}
