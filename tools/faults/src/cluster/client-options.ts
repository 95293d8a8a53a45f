import type { SendEvent } from './events.js';

/** How a process reaches the cluster: through its own edges. */
export interface ClientWays {
  readonly brokers: readonly { readonly id: number; readonly url: string }[];
  readonly metadata: { readonly url: string } | { readonly etcd: readonly string[] };
}

export interface ProducerPart {
  readonly name: string;
  readonly acks: NonNullable<SendEvent['acks']>;
  readonly isIdempotent: boolean;
  /** Records a second. */
  readonly rate: number;
}

/** What one client process does, and where it writes it down. */
export interface ClientOptions extends ClientWays {
  readonly name: string;
  readonly topic: string;
  readonly partitions: number;
  readonly groupId: string;
  readonly file: string;
  readonly producers: readonly ProducerPart[];
  /** Names of members of the group. */
  readonly members: readonly string[];
  /** Names of readers that choose their partitions themselves. */
  readonly readers: readonly string[];
  /** `final` for those that read after all was healed. */
  readonly readerMode: 'assign' | 'final';
  /** Asks now and then what the group has committed. */
  readonly observes: boolean;
  readonly memberSessionMs: number;
  readonly deliveryTimeoutMs: number;
}

/** What the run says to a client, and what it answers. */
export type ClientOrder = 'stop-producing' | 'end';
export type ClientAnswer = { readonly kind: 'attached' } | { readonly kind: 'drained' };
