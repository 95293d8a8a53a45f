import { EventPattern } from '@nestjs/microservices';
import { isTopic, type AnyTopic } from '../topic/topic.js';
import { transportOf } from '../module/tokens.js';
import type { SubscribeOptions } from './subscribe-options.js';

/** What `@Subscribe` and `@Consumer` say of a handler; travels in Nest's handler extras. */
export interface HandlerExtras {
  readonly topic: AnyTopic | string | RegExp;
  readonly options: SubscribeOptions;
  /** `Class.method`, for messages. */
  readonly name: string;
  /** The group of the class. */
  readonly classGroup: SubscribeOptions['group'] | undefined;
}

const EXTRAS = 'postlog';
const MARK = Symbol.for('@postlog/nest-transport/handler');

/** Makes a method a handler in Nest's eyes. */
export function markHandler(extras: HandlerExtras, method: TypedPropertyDescriptor<unknown>): void {
  const { topic, options } = extras;
  const pattern = topic instanceof RegExp || !isTopic(topic) ? topic : topic.name;
  const mark = EventPattern(pattern, transportOf(options.connection), { [EXTRAS]: extras }) as MethodDecorator;
  mark({}, '', method);
  Reflect.defineMetadata(MARK, extras, method.value as object);
}

/** What was said of a method, if it is a handler. */
export function handlerExtras(method: object): HandlerExtras | undefined {
  return Reflect.getMetadata(MARK, method) as HandlerExtras | undefined;
}

/** The same, from what Nest hands to the server. */
export function readExtras(extras: Readonly<Record<string, unknown>>): HandlerExtras | undefined {
  return extras[EXTRAS] as HandlerExtras | undefined;
}
