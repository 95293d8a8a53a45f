import { Injectable } from '@nestjs/common';
import type { OrderPlaced } from './topics.js';

export interface RunFigures {
  /** Distinct orders seen. */
  readonly orders: number;
  /** Orders of one customer that came before an earlier one of the same customer. */
  readonly outOfOrder: number;
  readonly customers: number;
}

interface Run {
  readonly orders: Set<string>;
  readonly lastOf: Map<string, number>;
  outOfOrder: number;
}

/** Counts what a group of its own sees of the same topic: pub/sub beside the queue. Kept in memory, read again from the log. */
@Injectable()
export class Analytics {
  readonly #runs = new Map<string, Run>();

  record({ run, orderId, customer, sequence }: OrderPlaced): void {
    let figures = this.#runs.get(run);
    if (figures === undefined) this.#runs.set(run, (figures = { orders: new Set(), lastOf: new Map(), outOfOrder: 0 }));
    if (figures.orders.has(orderId)) return; // Published twice, or handled again after a crash.
    figures.orders.add(orderId);
    const last = figures.lastOf.get(customer) ?? 0;
    if (sequence < last) figures.outOfOrder += 1;
    figures.lastOf.set(customer, Math.max(last, sequence));
  }

  figures(run: string): RunFigures {
    const figures = this.#runs.get(run);
    return {
      orders: figures?.orders.size ?? 0,
      outOfOrder: figures?.outOfOrder ?? 0,
      customers: figures?.lastOf.size ?? 0,
    };
  }
}
