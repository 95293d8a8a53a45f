import { Inject, Injectable } from '@nestjs/common';
import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { PostlogError, type Headers, type Postlog } from '@postlog/core';
import { PostlogProducer } from './postlog.producer.js';
import { POSTLOG } from './tokens.js';

/** Nest's client interface: `emit(topic, payload)` publishes. Packet metadata travels in the record's headers. */
@Injectable()
export class PostlogClient extends ClientProxy {
  readonly #postlog: Postlog;
  readonly #producer: PostlogProducer;

  constructor(@Inject(POSTLOG) postlog: Postlog, producer: PostlogProducer) {
    super();
    this.#postlog = postlog;
    this.#producer = producer;
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  /** The connection is the module's, which closes it. */
  close(): Promise<void> {
    return this.#producer.flush();
  }

  unwrap<T>(): T {
    return this.#postlog as T;
  }

  /** Request and reply are not there yet; the error says what to use. */
  protected publish(_packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const detail =
      'request and reply (client.send) is not supported by this version; publish with client.emit and subscribe to the answer.';
    callback({ err: new PostlogError('INVALID_REQUEST', detail), isDisposed: true });
    return () => {};
  }

  protected async dispatchEvent<T>(packet: ReadPacket & { readonly metadata?: Headers }): Promise<T> {
    const topic = this.normalizePattern(packet.pattern as string);
    const place = await this.#producer.send(
      topic,
      packet.data,
      packet.metadata === undefined ? {} : { headers: packet.metadata },
    );
    return place as T;
  }
}
