import type { InjectionToken } from '@nestjs/common';
import { isTopic, type AnyTopic } from '../topic/topic.js';

const PACKAGE = '@postlog/nest-transport';

/** The connection that is meant where none is named. */
export const DEFAULT_CONNECTION = 'default';

/** Marks handlers of this transport. `Symbol.for`, so that two builds of the package mean the same. */
export const POSTLOG_TRANSPORT = Symbol.for(PACKAGE);

/** The attached broker (core's `Postlog`), for what the transport does not wrap: admin, consumers of your own. */
export const POSTLOG = Symbol.for(`${PACKAGE}/connection`);

/** The options given to `PostlogModule.forRoot`. */
export const POSTLOG_OPTIONS = Symbol.for(`${PACKAGE}/options`);

/** How a connection is opened: core's `connect`, or what a test puts in its place. */
export const POSTLOG_CONNECT = Symbol.for(`${PACKAGE}/connect`);

/** What one connection consists of, within its module. */
export const POSTLOG_PARTS = Symbol.for(`${PACKAGE}/parts`);

/** Marks handlers of a named connection (`@Subscribe(topic, { connection })`, or the transport of `@EventPattern`). */
export function transportOf(connection: string = DEFAULT_CONNECTION): symbol {
  return connection === DEFAULT_CONNECTION ? POSTLOG_TRANSPORT : Symbol.for(`${PACKAGE}/${connection}`);
}

/** The token of a connection's part: the plain one for the default connection, else one with its name. */
export function tokenOf(plain: InjectionToken, connection: string = DEFAULT_CONNECTION): InjectionToken {
  if (connection === DEFAULT_CONNECTION) return plain;
  const name = typeof plain === 'function' ? plain.name : String(plain);
  return Symbol.for(`${PACKAGE}/${connection}/${name}`);
}

/** The token of a topic's own producer (`@InjectProducer`). */
export function producerTokenOf(topic: AnyTopic | string, connection: string = DEFAULT_CONNECTION): symbol {
  return Symbol.for(`${PACKAGE}/${connection}/producer of ${isTopic(topic) ? topic.name : topic}`);
}
