import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Direction } from './plan.js';

/** What happens to the next request that contains all these texts. */
interface Trap {
  readonly texts: readonly string[];
  /** Called once the request went on to the server. */
  readonly onPassed: () => void;
}

/**
 * One edge of the cluster: what one process says to one server, over TCP on loopback. It passes everything on until it is cut, one way or both; what
 * comes then is held back, as a network would repeat it, and arrives late or never.
 */
export class EdgeProxy {
  readonly #server: Server;
  readonly #port: number;
  readonly #links = new Set<Link>();
  #target: { readonly port: number; readonly host: string } | undefined;
  #isCut: { readonly requests: boolean; readonly replies: boolean } = { requests: false, replies: false };
  #traps: Trap[] = [];
  #doomed: string | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.#port = (server.address() as { port: number }).port;
    server.on('connection', (client) => this.#accept(client));
  }

  static async open(): Promise<EdgeProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new EdgeProxy(server);
  }

  /** Stands before the server that this url names from now on; answers the url by which it is asked. */
  pointTo(target: string): string {
    const { hostname, port } = new URL(target);
    this.#target = { host: hostname, port: Number(port) };
    return target.replace(`${hostname}:${port}`, `127.0.0.1:${this.#port}`);
  }

  get isCut(): boolean {
    return this.#isCut.requests || this.#isCut.replies;
  }

  /** Something waits for the edge to heal. */
  get holdsBack(): boolean {
    return [...this.#links].some((link) => link.holdsBack);
  }

  /** From now on nothing passes that way. */
  cut(direction: Direction): void {
    this.#isCut = {
      requests: this.#isCut.requests || direction !== 'replies',
      replies: this.#isCut.replies || direction !== 'requests',
    };
  }

  /** Everything passes again; what was held back arrives now, or its connections are reset. */
  heal(how: 'late' | 'reset'): void {
    this.#isCut = { requests: false, replies: false };
    this.#doomed = undefined;
    this.#traps = [];
    for (const link of [...this.#links]) {
      if (how === 'reset' && link.holdsBack) link.reset();
      else link.release();
    }
  }

  /** Ends every connection at once. */
  reset(): void {
    for (const link of [...this.#links]) link.reset();
  }

  /** Once a request with these texts has gone to the server: the connection ends before the answer, or the edge is cut there. */
  trap(texts: readonly string[], then: 'reset' | 'cut', onSprung: () => void = () => {}): void {
    const onPassed = () => {
      if (then === 'cut') this.cut('both');
      onSprung();
    };
    this.#traps.push({ texts, onPassed });
  }

  /** Until `heal`, every connection ends with the answer to a request with this text, which is lost. */
  loseAnswersTo(text: string): void {
    this.#doomed = text;
  }

  async close(): Promise<void> {
    this.reset();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    if (this.#target === undefined) {
      client.destroy();
      return;
    }
    const link = new Link(client, connect(this.#target), {
      isCut: () => this.#isCut,
      onRequest: (data) => this.#onRequest(link, data),
      onGone: () => this.#links.delete(link),
    });
    this.#links.add(link);
  }

  /** What becomes of a request that was passed on. */
  #onRequest(link: Link, data: Buffer): void {
    const trap = this.#traps.find(({ texts }) => texts.every((text) => data.includes(text)));
    if (trap !== undefined) {
      this.#traps = this.#traps.filter((each) => each !== trap);
      link.loseAnswer();
      trap.onPassed();
    } else if (this.#doomed !== undefined && data.includes(this.#doomed)) {
      link.loseAnswer();
    }
  }
}

interface LinkOwner {
  readonly isCut: () => { readonly requests: boolean; readonly replies: boolean };
  readonly onRequest: (data: Buffer) => void;
  readonly onGone: () => void;
}

/** A connection through the proxy: a socket each way, and what is held back. */
class Link {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #owner: LinkOwner;
  readonly #requests: Buffer[] = [];
  readonly #replies: Buffer[] = [];
  /** Who has closed, which the other side does not hear while the edge is cut. */
  #hasClientGone = false;
  #hasUpstreamGone = false;
  #losesAnswer = false;

  constructor(client: Socket, upstream: Socket, owner: LinkOwner) {
    this.#client = client;
    this.#upstream = upstream;
    this.#owner = owner;
    client.setNoDelay();
    upstream.setNoDelay();
    client.on('data', (data) => this.#ask(data));
    upstream.on('data', (data) => this.#answer(data));
    for (const socket of [client, upstream]) socket.on('error', () => {});
    client.on('close', () => {
      this.#hasClientGone = true;
      this.#closeIfDone();
    });
    upstream.on('close', () => {
      this.#hasUpstreamGone = true;
      this.#closeIfDone();
    });
  }

  get holdsBack(): boolean {
    return this.#requests.length + this.#replies.length > 0 || this.#hasClientGone || this.#hasUpstreamGone;
  }

  /** The next thing that the server says is not passed on: the connection ends instead. */
  loseAnswer(): void {
    this.#losesAnswer = true;
  }

  release(): void {
    for (const data of this.#requests.splice(0)) this.#upstream.write(data);
    for (const data of this.#replies.splice(0)) this.#client.write(data);
    this.#closeIfDone();
  }

  reset(): void {
    this.#client.destroy();
    this.#upstream.destroy();
    this.#owner.onGone();
  }

  #ask(data: Buffer): void {
    if (this.#owner.isCut().requests) {
      this.#requests.push(data);
      return;
    }
    this.#upstream.write(data);
    this.#owner.onRequest(data);
  }

  #answer(data: Buffer): void {
    if (this.#losesAnswer) this.reset();
    else if (this.#owner.isCut().replies) this.#replies.push(data);
    else this.#client.write(data);
  }

  /** What is on its way arrives before the end of its connection does. */
  #closeIfDone(): void {
    const { requests, replies } = this.#owner.isCut();
    if (this.#hasClientGone && !requests) this.#upstream.end();
    if (this.#hasUpstreamGone && !replies) this.#client.destroy();
    if (this.#hasClientGone && this.#hasUpstreamGone) this.#owner.onGone();
  }
}
