/** An order as the order service answers it. */
export interface PlacedOrder {
  readonly id: string;
  readonly customer: string;
  readonly partition: number | null;
  readonly offset: string | null;
  readonly status: string;
  readonly mailedBy: string | null;
}

export interface Counts {
  readonly orders: number;
  readonly confirmed: number;
  /** Orders whose place in the log is known. */
  readonly published: number;
  readonly mailedBy: Record<string, number>;
}

export interface AnalyticsFigures {
  readonly orders: number;
  readonly outOfOrder: number;
}

const ITEMS = ['tea', 'coffee', 'a kettle', 'two cups', 'honey'];

/** An order that the email service gave up. */
export interface FailedOrder {
  readonly id: string;
  readonly error: string;
}

const POISON = 'a gift card';

/** The order service over HTTP. */
export class OrderClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async place(order: {
    readonly run: string;
    readonly customer: number;
    readonly number: number;
    readonly isPoison: boolean;
  }): Promise<PlacedOrder> {
    const name = `customer-${order.customer}`;
    const body = {
      run: order.run,
      customer: name,
      email: `${name}@example.com`,
      item: order.isPoison ? POISON : ITEMS[order.number % ITEMS.length],
      total: 100 + order.number,
    };
    return this.#post<PlacedOrder>('/orders', body);
  }

  find(id: string): Promise<PlacedOrder> {
    return this.#json(`/orders/${id}`);
  }

  counts(run: string): Promise<Counts> {
    return this.#json(`/counts?run=${encodeURIComponent(run)}`);
  }

  deadLetters(run: string): Promise<FailedOrder[]> {
    return this.#json(`/dead-letters?run=${encodeURIComponent(run)}`);
  }

  async requeue(ids: readonly string[]): Promise<number> {
    const { requeued } = await this.#post<{ requeued: number }>('/dead-letters/requeue', { ids });
    return requeued;
  }

  analytics(run: string): Promise<AnalyticsFigures> {
    return this.#json(`/analytics?run=${encodeURIComponent(run)}`);
  }

  #post<T>(path: string, body: object): Promise<T> {
    const headers = { 'Content-Type': 'application/json' };
    return this.#json<T>(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async #json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(`${this.#url}${path}`, { ...init, signal: AbortSignal.timeout(30_000) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text) as T;
  }
}

export interface Placed {
  readonly order: PlacedOrder;
  /** How many are placed by now. */
  readonly count: number;
}

/** Places orders, those of one customer one after another and different customers' side by side. */
export async function placeOrders(
  client: OrderClient,
  plan: { readonly run: string; readonly orders: number; readonly customers: number; readonly poison?: number },
  onPlaced: (placed: Placed) => void,
): Promise<PlacedOrder[]> {
  const placed: PlacedOrder[] = [];
  const customers = Math.min(plan.customers, plan.orders);
  const { poison = 0 } = plan;
  const ofCustomer = async (customer: number) => {
    for (let number = customer; number < plan.orders; number += customers) {
      const order = await client.place({ run: plan.run, customer: customer + 1, number, isPoison: number < poison });
      placed.push(order);
      onPlaced({ order, count: placed.length });
    }
  };
  await Promise.all(Array.from({ length: customers }, (_, customer) => ofCustomer(customer)));
  return placed;
}
