import { BaseRpcContext } from '@nestjs/microservices';
import type { TransactionHandle } from '@postlog/core';

export interface HandlingPlace {
  readonly topic: string;
  readonly partition: number;
  readonly group: string;
  /** The `id` of the handler, `Class.method` where it has none. */
  readonly handler: string;
  /** The number of this call for the (first) record since its partition came to this process, from 1. */
  readonly attempt: number;
  /** Aborts when a shutdown has waited long enough, when `timeoutMs` is over, when a requester has gone. */
  readonly signal: AbortSignal;
  /** The transaction of a handler that has one. */
  readonly tx?: TransactionHandle | undefined;
}

/** What handlers of single records and of batches have in common. */
export abstract class HandlingContext<Place extends HandlingPlace = HandlingPlace> extends BaseRpcContext<[Place]> {
  /** What the call really failed with, before an exception filter changed it. */
  thrown: unknown;

  constructor(place: Place) {
    super([place]);
  }

  get topic(): string {
    return this.args[0].topic;
  }

  get partition(): number {
    return this.args[0].partition;
  }

  get group(): string {
    return this.args[0].group;
  }

  get handler(): string {
    return this.args[0].handler;
  }

  get attempt(): number {
    return this.args[0].attempt;
  }

  get signal(): AbortSignal {
    return this.args[0].signal;
  }

  /**
   * With `transaction: true` the transaction that commits how far the group is: what `dataSource.transaction` or `runInTransaction` hands over,
   * without them `{ query(sql, parameters) }`. Else undefined.
   */
  get tx(): TransactionHandle | undefined {
    return this.args[0].tx;
  }

  /** Where the records stand, for log lines. */
  abstract get place(): string;
}
