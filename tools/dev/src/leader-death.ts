import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Admin } from '@postlog/core';
import type { ClusterProcesses } from '@postlog/core/testing';
import { COMMAND } from './log-servers.js';
import type { PlacedOrder } from './orders.js';

const TOPIC = 'orders.placed';
const DEADLINE_MS = 120_000;
const run = promisify(execFile);

export interface DeathFigures {
  /** From the kill to the answer to an order that was placed after it, on a partition that the killed broker had led. */
  readonly failoverMs: number | undefined;
  /** From the restart of the killed broker until every partition has all its replicas in sync. */
  readonly isrRestoredMs: number | undefined;
}

export interface LeaderDeathOptions {
  readonly cluster: ClusterProcesses;
  readonly admin: Admin;
  readonly environment: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
}

/** Kills the broker that leads most of the orders' partitions, and brings it back once others lead them. */
export class LeaderDeath {
  readonly #options: LeaderDeathOptions;
  /** Partitions that the killed broker led. */
  readonly #led = new Set<number>();
  #killedAt = Infinity;
  #failoverMs: number | undefined;
  #onFailover = () => {};

  constructor(options: LeaderDeathOptions) {
    this.#options = options;
  }

  /** Shows the topic as `postlog topics describe` does. */
  async describe(when: string): Promise<void> {
    const { environment, say } = this.#options;
    const { stdout } = await run(process.execPath, [COMMAND, 'topics', 'describe', '--topic', TOPIC], {
      env: { ...process.env, ...environment },
      timeout: 60_000,
    });
    say(`\n${when}:\n${stdout.trimEnd()}\n`);
  }

  /** Kills, waits until an order is acknowledged by a successor, restarts, waits until all is in sync. */
  async play(): Promise<DeathFigures> {
    const { cluster, say } = this.#options;
    const victim = await this.#kill();
    const hasFailedOver = await this.#untilFailover();
    say(
      hasFailedOver
        ? `orders are acknowledged again after ${this.#failoverMs} ms`
        : 'no order was acknowledged in time',
    );
    await this.describe(`while broker ${victim} is dead`);
    say(`starting Postgres and broker ${victim} again`);
    const startedAt = performance.now();
    await cluster.startBroker(victim);
    const isRestored = await this.#untilInSync();
    const isrRestoredMs = Math.round(performance.now() - startedAt);
    say(isRestored ? `every replica is in sync after ${isrRestoredMs} ms` : 'replicas are not in sync again in time');
    return { failoverMs: this.#failoverMs, isrRestoredMs: isRestored ? isrRestoredMs : undefined };
  }

  /** An order was answered: the first one that was sent after the kill to a partition of the dead broker ends the failover. */
  placed({ partition }: PlacedOrder, sentAt: number): void {
    if (this.#failoverMs !== undefined || sentAt < this.#killedAt || partition === null || !this.#led.has(partition))
      return;
    this.#failoverMs = Math.round(performance.now() - this.#killedAt);
    this.#onFailover();
  }

  async #kill(): Promise<number> {
    const { cluster, admin, say } = this.#options;
    const { topics } = await admin.fetchTopicMetadata({ topics: [TOPIC] });
    const byLeader = new Map<number, number[]>();
    for (const { leader, partitionId } of topics[0]?.partitions ?? [])
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), partitionId]);
    const [most] = [...byLeader].filter(([leader]) => leader !== -1).sort(([, a], [, b]) => b.length - a.length);
    if (most === undefined) throw new Error(`nobody leads a partition of ${TOPIC}`);
    const [victim, led] = most;
    for (const partition of led) this.#led.add(partition);
    say(`SIGKILL to broker ${victim} and its Postgres, which lead partitions ${led.join(', ')} of ${TOPIC}`);
    this.#killedAt = performance.now();
    await cluster.killBroker(victim);
    return victim;
  }

  #untilFailover(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), DEADLINE_MS);
      this.#onFailover = () => {
        clearTimeout(timer);
        resolve(true);
      };
      if (this.#failoverMs !== undefined) this.#onFailover();
    });
  }

  async #untilInSync(): Promise<boolean> {
    for (const deadline = performance.now() + DEADLINE_MS; performance.now() < deadline;) {
      const { topics } = await this.#options.admin.fetchTopicMetadata();
      if (topics.every(({ partitions }) => partitions.every(({ isr, replicas }) => isr.length === replicas.length)))
        return true;
      await new Promise((wake) => setTimeout(wake, 50));
    }
    return false;
  }
}
