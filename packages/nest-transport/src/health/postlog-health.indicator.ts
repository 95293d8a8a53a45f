import type { Postlog } from '@postlog/core';
import type { PostlogServer } from '../consume/postlog.server.js';
import type { Subscription } from '../consume/subscription.js';
import { judge, worstOf, type HealthLimits, type HealthStatus } from './judge.js';

export type { HealthLimits } from './judge.js';

/** A health indicator's result, as Terminus takes it. */
export interface PostlogHealth {
  readonly status: HealthStatus;
  readonly [detail: string]: unknown;
}

/**
 * Tells Terminus how the consumers do, or anybody else: it needs nothing of Terminus.
 *
 * @example
 * this.health.check([() => this.postlog.check('log', { maxLag: 10_000, maxSilenceMs: 30_000 })])
 */
export class PostlogHealthIndicator {
  readonly #postlog: Postlog;
  readonly #server: PostlogServer;
  /** Since when a subscription is known to have work: one that idled for hours is not stuck when a record comes. */
  readonly #workSince = new WeakMap<Subscription, number>();

  constructor(postlog: Postlog, server: PostlogServer) {
    this.#postlog = postlog;
    this.#server = server;
  }

  /** Asks the broker for the lag of every subscription; a broker that cannot be reached is `down`. */
  async check<Name extends string>(name: Name, limits: HealthLimits = {}): Promise<Record<Name, PostlogHealth>> {
    return { [name]: await this.#check(limits) } as Record<Name, PostlogHealth>;
  }

  async #check(limits: HealthLimits): Promise<PostlogHealth> {
    try {
      const { subscriptions } = this.#server;
      if (subscriptions.length === 0) await this.#postlog.admin().listTopics();
      const reports = await Promise.all(subscriptions.map((subscription) => this.#report(subscription, limits)));
      return { status: worstOf(reports.map(({ status }) => status)), subscriptions: reports };
    } catch (error) {
      return { status: 'down', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async #report(subscription: Subscription, limits: HealthLimits) {
    const { route, state, heardAt, handledAt } = subscription;
    const lag = await this.#lag(subscription);
    const now = Date.now();
    const workSince = lag === 0 ? now : (this.#workSince.get(subscription) ?? now);
    this.#workSince.set(subscription, workSince);
    const vitals = { state, silentMs: now - heardAt, idleMs: now - Math.max(handledAt, workSince), lag };
    return { topic: String(route.topic), group: route.group, ...vitals, ...judge(vitals, limits) };
  }

  async #lag({ route: { topic, group } }: Subscription): Promise<number> {
    const named = typeof topic === 'string' ? { topics: [topic] } : {};
    const topics = await this.#postlog.admin().fetchOffsets({ groupId: group, ...named });
    return topics
      .filter((each) => typeof topic === 'string' || topic.test(each.topic))
      .flatMap(({ partitions }) => partitions.map(({ lag }) => Number(lag)))
      .reduce((sum, lag) => sum + Math.max(0, lag), 0);
  }
}
