import type { MessageHandler } from '@nestjs/microservices';
import { PostlogError } from '@postlog/core';
import type { PostlogModuleOptions } from '../module/postlog.options.js';
import type { TopicDirectory } from '../topic/topic-directory.js';
import { isTopic, type AnyTopic } from '../topic/topic.js';
import { instanceGroupName } from './group.js';
import { readExtras } from './handler-extras.js';
import { patternRoute } from '../request/pattern-route.js';
import type { Handler, HandlerDefinition } from './route.js';
import { checkPace, type SubscribeOptions } from './subscribe-options.js';

/** What Nest says of a handler (`Server.addHandler`). */
export interface GivenHandler {
  readonly pattern: unknown;
  readonly call: MessageHandler;
  readonly isEventHandler: boolean;
  readonly extras: Readonly<Record<string, unknown>>;
}

export interface DefinitionWorld {
  readonly topics: TopicDirectory;
  readonly module: PostlogModuleOptions;
}

/**
 * Where a handler belongs, by its decorator, its class, the module's options and the overrides for its id.
 *
 * @throws PostlogError `INVALID_CONFIG`, `INVALID_GROUP_ID`, `INVALID_TOPIC_EXCEPTION` with the line to write
 */
export function defineHandler(given: GivenHandler, world: DefinitionWorld): HandlerDefinition {
  return given.isEventHandler ? defineEvent(given, world) : defineRequest(given, world);
}

function defineEvent({ pattern, call, extras }: GivenHandler, { topics, module }: DefinitionWorld): HandlerDefinition {
  const said = readExtras(extras);
  const topic = said?.topic ?? demandTopic(pattern);
  const name = said?.name ?? `@EventPattern('${shown(topic)}')`;
  const options = overridden(said?.options ?? {}, module);
  checkPace(options, name);
  const group = options.group ?? said?.classGroup ?? module.group;
  if (group === undefined) throw missingGroup(name, `@Subscribe('${shown(topic)}', { group: '…' })`);
  const isPerInstance = typeof group !== 'string';
  return {
    topic: topic instanceof RegExp ? topic : topics.nameOf(topic),
    group: isPerInstance ? instanceGroupName(group, module.group ?? module.clientId ?? 'postlog') : group,
    isPerInstance,
    settings: {
      fromBeginning: options.fromBeginning ?? !isPerInstance,
      concurrency: options.concurrency,
      keyConcurrency: options.keyConcurrency,
      transaction: options.transaction,
      retry: options.retry,
      onExhausted: options.onExhausted,
      maxParked: options.maxParked,
    },
    handler: {
      name,
      id: options.id,
      call,
      takes: options.batch === undefined ? 'records' : 'batches',
      types: options.type === undefined ? undefined : [options.type].flat(),
      pattern: undefined,
      batchSize: options.batch?.size ?? 1,
      batchWaitMs: options.batch?.waitMs ?? 0,
      timeoutMs: options.timeoutMs,
      contract: topic instanceof RegExp ? undefined : topics.contractOf(topic),
    },
  };
}

/** Requests are answered once, in any order, by whoever of the group gets them. */
function defineRequest({ pattern, call }: GivenHandler, { topics, module }: DefinitionWorld): HandlerDefinition {
  const route = patternRoute(pattern);
  const name = `@MessagePattern(${route})`;
  if (module.group === undefined) throw missingGroup(name, `PostlogModule.forRoot({ group: '…' })`);
  const contract =
    typeof pattern === 'object' && pattern !== null && isTopic(pattern as AnyTopic) ? (pattern as AnyTopic) : undefined;
  const topic = contract ?? (typeof pattern === 'string' ? pattern : module.requestTopic);
  if (topic === undefined) {
    throw new PostlogError(
      'INVALID_TOPIC_EXCEPTION',
      `${name} names no topic; write PostlogModule.forRoot({ requestTopic: '…' }) here and where it is asked, or give a topic's name as the pattern.`,
    );
  }
  const handler: Handler = {
    name,
    id: undefined,
    call,
    takes: 'requests',
    types: undefined,
    pattern: route,
    batchSize: 1,
    batchWaitMs: 0,
    timeoutMs: undefined,
    contract: topics.contractOf(topic),
  };
  const settings = {
    fromBeginning: true,
    concurrency: undefined,
    keyConcurrency: undefined,
    transaction: undefined,
    retry: undefined,
    onExhausted: undefined,
    maxParked: undefined,
  };
  return { topic: topics.nameOf(topic), group: module.group, isPerInstance: false, settings, handler };
}

function overridden(options: SubscribeOptions, { subscriptions = {} }: PostlogModuleOptions): SubscribeOptions {
  return options.id === undefined ? options : { ...options, ...subscriptions[options.id] };
}

function demandTopic(pattern: unknown): AnyTopic | string | RegExp {
  if (typeof pattern === 'string' || pattern instanceof RegExp) return pattern;
  if (typeof pattern === 'object' && pattern !== null && isTopic(pattern as AnyTopic)) return pattern as AnyTopic;
  throw new PostlogError(
    'INVALID_TOPIC_EXCEPTION',
    `a handler's pattern is ${JSON.stringify(pattern)}; give a topic's name, a RegExp, or what defineTopic made.`,
  );
}

function missingGroup(name: string, line: string): PostlogError {
  const orGroup = line.startsWith('PostlogModule') ? '' : ', or give PostlogModule.forRoot a group';
  return new PostlogError('INVALID_GROUP_ID', `${name} has no group; write ${line}${orGroup}.`);
}

function shown(topic: AnyTopic | string | RegExp): string {
  return isTopic(topic) ? topic.name : String(topic);
}
