import { UseInterceptors } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { KeepThrownInterceptor } from './keep-thrown.interceptor.js';
import { POSTLOG_TRANSPORT } from './tokens.js';

export interface SubscribeOptions {
  /** Group id, used exactly as written [the module's `group`]. */
  readonly group?: string;
  /** Where a group without a committed offset begins: at the log start [`true`], or at what comes next. */
  readonly fromBeginning?: boolean;
  /** How many partitions are handled at the same time [the module's `concurrency`]. */
  readonly concurrency?: number;
}

/** Under this name the options travel in Nest's handler extras. */
export const SUBSCRIBE_EXTRAS = 'postlog';

/**
 * Handles the records of a topic, as a member of a consumer group. One subscription is one (topic, group): its own offsets
 * and its own pace. A handler that fails is called again with the same record, after a growing rest; nothing is skipped.
 *
 * @example
 * @Subscribe('orders.placed', { group: 'billing' })
 * async invoice(@Payload() order: OrderPlaced, @Ctx() context: PostlogContext) { … }
 */
export function Subscribe(topic: string, options: SubscribeOptions = {}): MethodDecorator {
  const handle = EventPattern(topic, POSTLOG_TRANSPORT, { [SUBSCRIBE_EXTRAS]: options }) as MethodDecorator;
  const keepThrown = UseInterceptors(KeepThrownInterceptor) as MethodDecorator;
  return (target, key, descriptor) => {
    handle(target, key, descriptor);
    keepThrown(target, key, descriptor);
  };
}
