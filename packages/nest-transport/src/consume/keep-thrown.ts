import { AsyncLocalStorage } from 'node:async_hooks';
import { Catch, UseFilters, type ExceptionFilter } from '@nestjs/common';
import type { HandlingContext } from './handling.context.js';

const calls = new AsyncLocalStorage<HandlingContext>();
const kept = new WeakSet<object>();

/**
 * Runs a call of a handler and keeps on its context what reaches Nest's exception layer, whoever threw it: the handler, a pipe, a guard, an
 * interceptor, the making of a request-scoped dependency. Behind that layer only "Internal server error" is left of it, or what a filter answers.
 */
export function keepThrown<T>(context: HandlingContext, call: () => T): T {
  return calls.run(context, call);
}

/**
 * Makes `keepThrown` work for a handler: its filters are asked first, before the class's and the application's. To be called when all decorators
 * are applied, and before Nest reads them.
 */
export function keepThrownOf(prototype: object, key: string, method: object): void {
  if (kept.has(method)) return;
  kept.add(method);
  (UseFilters(new KeepThrownFilter()) as MethodDecorator)(prototype, key, { value: method });
}

/** Nest asks of an error whether it is one of these. It never is; to be asked is what matters. */
class Thrown {
  static [Symbol.hasInstance](error: unknown): boolean {
    const context = calls.getStore();
    if (context !== undefined) context.thrown = error;
    return false;
  }
}

@Catch(Thrown)
class KeepThrownFilter implements ExceptionFilter {
  catch(error: unknown): never {
    throw error;
  }
}
