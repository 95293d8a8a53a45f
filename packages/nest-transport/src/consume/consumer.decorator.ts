import { Controller, type Type } from '@nestjs/common';
import { MetadataScanner } from '@nestjs/core';
import { checkNames } from '../known-names.js';
import { handlerExtras, markHandler, type HandlerExtras } from './handler-extras.js';
import type { SubscribeOptions } from './subscribe-options.js';

export interface ConsumerOptions {
  /** Group of the class's `@Subscribe` handlers that name none [the module's `group`]. */
  readonly group?: SubscribeOptions['group'];
}

type Method = (...args: unknown[]) => unknown;

/**
 * A class of handlers: a Nest controller without routes, so that pipes, guards, interceptors and filters work. List it under
 * `controllers`. Handlers that it inherits belong to its group too.
 */
export function Consumer(options: ConsumerOptions = {}): ClassDecorator {
  checkNames(options, ['group'], '@Consumer()');
  return (target) => {
    Controller()(target);
    const prototype = target.prototype as Record<string, unknown>;
    for (const name of new MetadataScanner().getAllMethodNames(prototype)) {
      const method = prototype[name] as Method;
      const extras = handlerExtras(method);
      if (extras !== undefined) adopt(target as unknown as Type, name, method, extras, options);
    }
  };
}

/** An inherited method gets a double here: the class it comes from, and its other heirs, keep their own groups. */
function adopt(target: Type, key: string, method: Method, extras: HandlerExtras, { group }: ConsumerOptions): void {
  const prototype = target.prototype as object;
  const isOwn = Object.hasOwn(prototype, key);
  const value = isOwn ? method : doubleOf(method, key);
  if (!isOwn) Object.defineProperty(prototype, key, { value, writable: true, configurable: true });
  markHandler({ ...extras, name: `${target.name}.${key}`, classGroup: group }, { value });
}

function doubleOf(method: Method, name: string): Method {
  const double = function (this: unknown, ...args: unknown[]) {
    return method.apply(this, args);
  };
  Object.defineProperty(double, 'name', { value: name });
  for (const metadata of Reflect.getMetadataKeys(method) as string[])
    Reflect.defineMetadata(metadata, Reflect.getMetadata(metadata, method), double);
  return double;
}
