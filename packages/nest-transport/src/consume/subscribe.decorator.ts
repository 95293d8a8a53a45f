import type { AnyTopic } from '../topic/topic.js';
import { markHandler } from './handler-extras.js';
import { checkSubscribeOptions, type SubscribeOptions } from './subscribe-options.js';

/**
 * Handles the records of a topic, or of all whose names match a pattern, as a member of a consumer group. One subscription is one
 * (topic, group): its own offsets and its own pace. A handler that fails is called again with the same record, after a growing
 * rest (`retry`); a record that cannot be handled becomes a dead letter (`onExhausted`).
 *
 * @example
 * @Subscribe(OrdersPlaced, { group: 'billing' })
 * async invoice(@Payload() order: OrderPlaced, @Ctx() context: PostlogContext) { … }
 * @throws PostlogError `INVALID_CONFIG` for options that nobody knows or that exclude each other
 */
export function Subscribe(topic: AnyTopic | string | RegExp, options: SubscribeOptions = {}): MethodDecorator {
  return (target, key, descriptor) => {
    const name = `${target.constructor.name}.${String(key)}`;
    checkSubscribeOptions(options, `@Subscribe() of ${name}`);
    markHandler({ topic, options, name, classGroup: undefined }, descriptor as TypedPropertyDescriptor<unknown>);
  };
}
