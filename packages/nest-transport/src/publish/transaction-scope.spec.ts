import type { TransactionHandle } from '@postlog/core';
import { openTransaction, TransactionScope } from './transaction-scope.js';

const client: TransactionHandle = { query: () => Promise.resolve({ rows: [] }) };
const runner = (isTransactionActive: boolean) => ({
  isTransactionActive,
  isReleased: false,
  connect: () => Promise.resolve(client),
});

describe('what an adapter answers', () => {
  const manager = { queryRunner: runner(true) };
  it.each([
    ['nothing', undefined, undefined],
    ['a handle', client, client],
    ['a manager in a transaction', manager, manager],
    ['a manager in none', { queryRunner: runner(false) }, undefined],
    ['the manager of a data source', { transaction: () => {}, getRepository: () => {} } as object, undefined],
    ['a runner in none', runner(false), undefined],
    ['a host with a transaction', { isTransactionActive: () => true, tx: client }, client],
    ['a host without one', { isTransactionActive: () => false, tx: client }, undefined],
  ])('%s', (_what, given, transaction) => {
    expect(openTransaction(given as TransactionHandle | undefined)).toBe(transaction);
  });
});

describe('the transaction of a send', () => {
  it('is the handler’s while that runs, and nobody’s outside', async () => {
    const scope = new TransactionScope();
    expect(scope.current()).toBeUndefined();
    await scope.run(client, async () => {
      await Promise.resolve();
      expect(scope.current()).toBe(client);
    });
    expect(scope.current()).toBeUndefined();
  });

  it('is the innermost', async () => {
    const inner: TransactionHandle = { ...client };
    let ambient: TransactionHandle | undefined;
    const scope = new TransactionScope(() => ambient);
    await scope.run(client, () => {
      ambient = inner;
      expect(scope.current()).toBe(inner);
      ambient = undefined;
      expect(scope.current()).toBe(client);
      return Promise.resolve();
    });
  });

  it('is refused in what a handler left behind', async () => {
    const scope = new TransactionScope();
    let late!: () => unknown;
    let go = () => {};
    const gone = new Promise<void>((resolve) => (go = resolve));
    let left: Promise<void> | undefined;
    await scope.run(client, () => {
      left = gone.then(() => {
        late = () => scope.current();
        expect(late).toThrow('await the send in the handler');
      });
      return Promise.resolve();
    });
    go();
    await left;
  });
});
