import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { PostlogError, type Headers, type RecordMetadata } from '@postlog/core';
import { lastValueFrom, type Observable } from 'rxjs';
import { patternRoute } from '../request/pattern-route.js';
import { Requests } from '../request/requests.js';
import type { TopicDirectory } from '../topic/topic-directory.js';
import { isTopic, type AnyTopic, type Topic } from '../topic/topic.js';
import { openClient, type OpenClient, type PostlogClientOptions } from './open-client.js';
import { outgoingMessage } from './outgoing.js';

export interface RequestOptions {
  /** The longest silence before the request fails, in milliseconds [the client's `requestTimeoutMs`]. */
  readonly timeoutMs?: number;
  readonly headers?: Headers;
}

/** What is asked for without a contract: a topic's name, or a pattern such as `{ cmd: 'sum' }`. */
type Pattern = string | { readonly [key: string]: unknown; readonly spec?: never };

/** A packet with the metadata of Nest 12's dispatch hooks. */
type Outgoing = ReadPacket & { readonly metadata?: Headers };

const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Nest's client interface: `emit` publishes, `send` asks a `@MessagePattern` handler and gives its answers as an observable, and
 * `request` gives the last of them as a promise. Packet metadata travels in the record's headers.
 *
 * Inject it, or register it: `ClientsModule.register([{ name: 'LOG', customClass: PostlogClient, options: { url } }])`.
 */
export class PostlogClient extends ClientProxy {
  readonly #options: PostlogClientOptions;
  #opening: Promise<OpenClient> | undefined;
  #open: OpenClient | undefined;
  #requests: Requests | undefined;

  constructor(options: PostlogClientOptions) {
    super();
    this.#options = options;
  }

  /** `emit` and `send` connect by themselves. A failed attempt is not remembered: the next call tries again. */
  async connect(): Promise<void> {
    this.#opening ??= openClient(this.#options).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    this.#open = await this.#opening;
  }

  /** Fails requests that wait, and stores what was emitted. A connection of the module stays open. */
  async close(): Promise<void> {
    await this.#requests?.close();
    this.#requests = undefined;
    const open = this.#open;
    this.#open = this.#opening = undefined;
    await open?.close();
  }

  /** Core's `Postlog`. */
  unwrap<T>(): T {
    return this.#demandOpen().postlog as T;
  }

  /** Publishes at once, in no transaction: nobody need wait for it. The observable tells where the record is stored. */
  override emit<Sent>(topic: Topic<Sent, unknown>, value: NoInfer<Sent>): Observable<RecordMetadata>;
  override emit<Result = RecordMetadata, Value = unknown>(topic: string, value: Value): Observable<Result>;
  override emit(topic: AnyTopic | string, value: unknown): Observable<RecordMetadata> {
    return super.emit<RecordMetadata, unknown>(topic, value);
  }

  /**
   * Asks, and waits for the answer; undefined where the handler gives none. The question is checked against the topic's type; the
   * answer's type is what it is assigned to: `const quote: Quote = await client.request(Quotes, question)`.
   *
   * @throws RemoteError when the handler failed; PostlogError `REQUEST_TIMED_OUT`.
   */
  request<Sent, Answer = unknown>(
    topic: Topic<Sent, unknown>,
    value: NoInfer<Sent>,
    options?: RequestOptions,
  ): Promise<Answer>;
  request<Answer = unknown>(pattern: Pattern, value: unknown, options?: RequestOptions): Promise<Answer>;
  request<Answer>(pattern: AnyTopic | Pattern, value: unknown, options: RequestOptions = {}): Promise<Answer> {
    const answers = this.send(pattern, new RequestValue(value, options)) as Observable<Answer>;
    return lastValueFrom(answers, { defaultValue: undefined as Answer });
  }

  protected publish(packet: Outgoing, callback: (packet: WritePacket) => void): () => void {
    try {
      return this.#ask(packet, callback);
    } catch (error) {
      callback({ err: error, isDisposed: true });
      return () => {};
    }
  }

  protected async dispatchEvent<T>({ pattern, data, metadata }: Outgoing): Promise<T> {
    const topic: unknown = pattern;
    const options = { tx: null, ...(metadata === undefined ? {} : { headers: metadata }) } as const;
    const { producer } = this.#demandOpen();
    if (typeof topic === 'string') return (await producer.send(topic, data, options)) as T;
    if (isContract(topic)) return (await producer.send(topic, data as never, options)) as T;
    throw new PostlogError('INVALID_TOPIC_EXCEPTION', `emit takes a topic; ${JSON.stringify(pattern)} is none.`);
  }

  #ask({ pattern, data, metadata }: Outgoing, callback: (packet: WritePacket) => void): () => void {
    const open = this.#demandOpen();
    const { postlog, topics, requestTimeoutMs = REQUEST_TIMEOUT_MS, requestTopic, createTopics = 'declared' } = open;
    const value: unknown = data instanceof RequestValue ? data.value : data;
    const { timeoutMs = requestTimeoutMs, headers } = data instanceof RequestValue ? data.options : {};
    const topic = isContract(pattern) || typeof pattern === 'string' ? pattern : requestTopic;
    if (topic === undefined) {
      throw new PostlogError(
        'INVALID_TOPIC_EXCEPTION',
        `${patternRoute(pattern)} names no topic; give PostlogModule.forRoot the requestTopic of the service that answers.`,
      );
    }
    this.#requests ??= new Requests(postlog, createTopics);
    const question = {
      topic: topics.nameOf(topic),
      pattern: patternRoute(pattern),
      message: questionMessage(topics, topic, value),
      headers: { ...metadata, ...headers },
      timeoutMs,
    };
    return this.#requests.ask(question, callback);
  }

  #demandOpen(): OpenClient {
    if (this.#open !== undefined) return this.#open;
    throw new PostlogError('CLIENT_CLOSED', 'the client is not connected; await client.connect() first.');
  }
}

/** A value with options of its own, on its way through Nest's `send`. */
class RequestValue {
  readonly value: unknown;
  readonly options: RequestOptions;

  constructor(value: unknown, options: RequestOptions) {
    this.value = value;
    this.options = options;
  }
}

/** Always as JSON: a text arrives as the text that it is. */
function questionMessage(topics: TopicDirectory, topic: AnyTopic | string, value: unknown) {
  const message = outgoingMessage(topics.contractOf(topic), { value });
  const asJson = { value: JSON.stringify(value) };
  return message instanceof Promise ? message.then((ready) => ({ ...ready, ...asJson })) : { ...message, ...asJson };
}

function isContract(pattern: unknown): pattern is AnyTopic {
  return typeof pattern === 'object' && pattern !== null && isTopic(pattern as AnyTopic);
}
