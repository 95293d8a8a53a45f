import type { MessageHandler } from '@nestjs/microservices';
import type { HandlerRetry, OnExhausted } from '@postlog/core';
import type { AnyTopic } from '../topic/topic.js';

/** How a (topic, group) is consumed. */
export interface RouteSettings {
  readonly fromBeginning: boolean;
  readonly concurrency: number | undefined;
  readonly keyConcurrency: number | undefined;
  /** Each call has a transaction. */
  readonly transaction: boolean | undefined;
  readonly retry: HandlerRetry | undefined;
  readonly onExhausted: OnExhausted | undefined;
  readonly maxParked: number | undefined;
}

/** One method of a controller, as the transport calls it. */
export interface Handler {
  /** `Class.method`, or what it answers where Nest does not say. */
  readonly name: string;
  readonly id: string | undefined;
  readonly call: MessageHandler;
  /** What it takes: records, some types of them, batches, or requests of one pattern. */
  readonly takes: 'records' | 'batches' | 'requests';
  readonly types: readonly string[] | undefined;
  readonly pattern: string | undefined;
  readonly batchSize: number;
  readonly batchWaitMs: number;
  readonly timeoutMs: number | undefined;
  readonly contract: AnyTopic | undefined;
}

/** A handler, and the subscription that it belongs to. */
export interface HandlerDefinition {
  readonly topic: string | RegExp;
  readonly group: string;
  /** The group is this process's own and goes with it. */
  readonly isPerInstance: boolean;
  readonly settings: RouteSettings;
  readonly handler: Handler;
}

/** One (topic, group) with its handlers. */
export interface Route extends Omit<HandlerDefinition, 'handler'> {
  readonly handlers: readonly Handler[];
}

/** What users call a handler. */
export function handlerName({ id, name }: Handler): string {
  return id ?? name;
}

/** The handler for a record of a type: one that names the type, else one that names none. */
export function recordHandler({ handlers }: Pick<Route, 'handlers'>, type: string | undefined): Handler | undefined {
  const named = handlers.find((handler) => type !== undefined && handler.types?.includes(type));
  return named ?? handlers.find(({ takes, types }) => takes === 'records' && types === undefined);
}

/** The handler for a request. */
export function requestHandler({ handlers }: Pick<Route, 'handlers'>, pattern: string): Handler | undefined {
  return handlers.find((handler) => handler.takes === 'requests' && handler.pattern === pattern);
}
