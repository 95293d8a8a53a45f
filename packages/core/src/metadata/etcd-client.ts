import { PostlogError } from '../errors/postlog-error.js';
import type { Clock } from '../runtime/clock.js';
import { toNetworkError, toRefusal } from './etcd-error.js';

export interface EtcdClientOptions {
  /** `http://host:2379`, one or several members of one etcd cluster. */
  readonly endpoints: readonly string[];
  /** For one request at one endpoint, in milliseconds. */
  readonly requestTimeout: number;
  readonly clock: Clock;
  readonly fetch?: typeof fetch;
}

/** Requests to etcd's JSON gateway: a deadline on each, the endpoints in turn, one kind of error. */
export class EtcdClient {
  readonly #options: EtcdClientOptions;
  readonly #endpoints: readonly string[];
  /** The one that answered last. */
  #current = 0;

  constructor(options: EtcdClientOptions) {
    this.#options = options;
    this.#endpoints = options.endpoints.map(checkEndpoint);
    if (this.#endpoints.length === 0) {
      throw new PostlogError('INVALID_CONFIG', 'the list of etcd endpoints is empty; name at least one.');
    }
  }

  /**
   * Asks each endpoint once, until one answers. A request that may have had an effect is sent again only if that is harmless.
   *
   * @throws PostlogError, with `outcome: 'unknown'` when etcd may have done it, or may do it yet.
   */
  async ask(path: string, body: object, { isRepeatable }: { readonly isRepeatable: boolean }): Promise<unknown> {
    for (let left = this.#endpoints.length, at = this.#current; ; left--, at = this.#after(at)) {
      try {
        return await this.#askOne(this.#endpoints[at]!, path, body);
      } catch (error) {
        const failure = toNetworkError(error, this.#endpoints[at]!);
        if (!failure.retriable) throw failure;
        this.#leave(at);
        if (left === 1 || (failure.outcome === 'unknown' && !isRepeatable)) throw failure;
      }
    }
  }

  /** A request whose answer goes on, piece by piece, until the signal aborts, the connection ends or is silent for minutes. */
  async follow(path: string, body: object, until: { readonly signal: AbortSignal; readonly onPiece: () => void }) {
    const end = new AbortController();
    const abort = () => end.abort();
    until.signal.addEventListener('abort', abort, { once: true });
    const stopWaiting = this.#options.clock.after(this.#options.requestTimeout, abort);
    const at = this.#current;
    try {
      const response = await this.#send(this.#endpoints[at]! + path, body, end.signal);
      stopWaiting();
      if (!response.ok) throw toRefusal(response.status, parse(await response.text()));
      const reader = response.body?.getReader();
      while (reader !== undefined && !(await reader.read()).done) until.onPiece();
    } catch (error) {
      this.#leave(at);
      throw toNetworkError(error, this.#endpoints[at]!);
    } finally {
      stopWaiting();
      until.signal.removeEventListener('abort', abort);
    }
  }

  #after(at: number): number {
    return (at + 1) % this.#endpoints.length;
  }

  /** Begins elsewhere from now on, unless another request has moved on already. */
  #leave(at: number): void {
    if (this.#current === at) this.#current = this.#after(at);
  }

  async #askOne(endpoint: string, path: string, body: object): Promise<unknown> {
    const late = new AbortController();
    const stopWaiting = this.#options.clock.after(this.#options.requestTimeout, () => late.abort());
    try {
      const response = await this.#send(endpoint + path, body, late.signal);
      const answer = parse(await response.text());
      if (!response.ok) throw toRefusal(response.status, answer);
      return answer;
    } catch (error) {
      if (!late.signal.aborted) throw error;
      throw new PostlogError(
        'REQUEST_TIMED_OUT',
        `etcd at ${endpoint} did not answer within ${this.#options.requestTimeout} ms; look whether most of its members are up.`,
        { cause: error, outcome: 'unknown' },
      );
    } finally {
      stopWaiting();
    }
  }

  #send(url: string, body: object, signal: AbortSignal): Promise<Response> {
    const send = this.#options.fetch ?? fetch;
    return send(url, { method: 'POST', body: JSON.stringify(body), signal });
  }
}

function checkEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.pathname !== '/') {
    throw new PostlogError(
      'INVALID_CONFIG',
      'an etcd endpoint is written http://host:2379 or https://host:2379, without a user and without a path.',
    );
  }
  return url.origin;
}

/** Undefined when it is no JSON: something else than etcd answered. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
