import { EdgeProxy } from './edge-proxy.js';

/** A broker's number, or the metadata store. */
export type Server = number | 'metadata';

/** All edges of a cluster: from each process to each server that it talks to. */
export class Edges {
  readonly #edges = new Map<string, { readonly from: string; readonly to: Server; readonly proxy: EdgeProxy }>();

  /** @param processes names; each gets an edge to every server */
  static async open(processes: readonly string[], servers: readonly Server[]): Promise<Edges> {
    const edges = new Edges();
    for (const from of processes) {
      for (const to of servers) edges.#edges.set(`${from} ${to}`, { from, to, proxy: await EdgeProxy.open() });
    }
    return edges;
  }

  /** The url by which this process reaches this server. */
  route(from: string, to: Server, url: string): string {
    const edge = this.#edges.get(`${from} ${to}`);
    if (edge === undefined) throw new Error(`there is no edge from ${from} to ${to}`);
    return edge.proxy.pointTo(url);
  }

  /** Those that fit. */
  where(fits: (from: string, to: Server) => boolean): EdgeProxy[] {
    return [...this.#edges.values()].filter(({ from, to }) => fits(from, to)).map(({ proxy }) => proxy);
  }

  healAll(): void {
    for (const { proxy } of this.#edges.values()) proxy.heal('late');
  }

  async close(): Promise<void> {
    await Promise.all([...this.#edges.values()].map(({ proxy }) => proxy.close()));
  }
}

/** The name of a broker's process among the ends of edges. */
export const brokerName = (brokerId: number) => `broker-${brokerId}`;
