import type { Admin } from './admin-types.js';
import type { Consumer, ConsumerOptions } from './consumer-types.js';
import type { DeadLetters } from './dead-letters-types.js';
import type { ParkedKeys } from './parked-keys-types.js';
import type { Producer, ProducerOptions } from './producer-types.js';

/** What `connect` answers: one broker, attached. Producers, consumers and admins share its connections. */
export interface Postlog {
  producer(options?: ProducerOptions): Producer;
  consumer(options: ConsumerOptions): Consumer;
  admin(): Admin;
  /** What a group could not handle of a topic. @throws PostlogError `INVALID_TOPIC_EXCEPTION`, `INVALID_GROUP_ID` */
  deadLetters(of: { readonly topic: string; readonly groupId: string }): DeadLetters;
  /** What waits of a topic with `onExhausted: 'parkKey'`. @throws PostlogError `INVALID_REQUEST` in a cluster */
  parkedKeys(of: { readonly topic: string; readonly groupId: string }): ParkedKeys;
  /** Disconnects every producer and consumer made here, stops the services, closes the connections. */
  close(): Promise<void>;
}
