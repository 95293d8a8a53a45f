import { BaseRpcContext } from '@nestjs/microservices';

export interface HandlingPlace {
  readonly topic: string;
  readonly partition: number;
  readonly group: string;
  /** The `id` of the handler, `Class.method` where it has none. */
  readonly handler: string;
  /** 1 for the first call with these records in this process, 2 for the next. */
  readonly attempt: number;
  /** Aborts when a shutdown has waited long enough, when `timeoutMs` is over, when a requester has gone. */
  readonly signal: AbortSignal;
}

/** What handlers of single records and of batches have in common. */
export abstract class HandlingContext<Place extends HandlingPlace = HandlingPlace> extends BaseRpcContext<[Place]> {
  /** What the handler really threw, before an exception filter changed it. */
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

  /** Where the records stand, for log lines. */
  abstract get place(): string;
}
