import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Admin } from '@postlog/core';
import type { ClusterProcesses } from '@postlog/core/testing';
import { COMMAND } from './log-servers.js';

const TOPIC = 'orders.placed';
const DEADLINE_MS = 120_000;
const run = promisify(execFile);

export interface DeathFigures {
  /** From the kill to the first order that a successor has, on a partition that the killed broker had led. */
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
  /** Partitions that the killed broker led, with when it was seen last that nobody else does. */
  readonly #led = new Map<number, number>();
  /** Of these, those that others lead now. */
  readonly #succeeded = new Set<number>();
  /** Orders of theirs that the log had before a successor was seen. */
  readonly #early: { readonly partition: number; readonly at: number }[] = [];
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

  /** Kills, waits until a successor has an order, restarts, waits until all is in sync. */
  async play(): Promise<DeathFigures> {
    const { cluster, say } = this.#options;
    const { victim, led } = await this.#kill();
    const acknowledged = this.#untilAcknowledged();
    await this.#untilSucceeded(victim, led);
    say(
      (await acknowledged)
        ? `a successor has an order ${this.#failoverMs} ms after the kill`
        : 'no successor had an order in time',
    );
    await this.describe(`while broker ${victim} is dead`);
    say(`starting Postgres and broker ${victim} again`);
    const startedAt = performance.now();
    await cluster.startBroker(victim);
    const isRestored = await this.#untilTrue(() => this.#areAllInSync());
    const isrRestoredMs = Math.round(performance.now() - startedAt);
    say(isRestored ? `every replica is in sync after ${isrRestoredMs} ms` : 'replicas are not in sync again in time');
    return { failoverMs: this.#failoverMs, isrRestoredMs: isRestored ? isrRestoredMs : undefined };
  }

  /** The log has an order: the first one that a successor can have taken ends the failover. */
  placed({ partition }: { readonly partition: number }): void {
    if (!this.#led.has(partition)) return;
    const at = performance.now();
    if (this.#succeeded.has(partition)) this.#end(at);
    else this.#early.push({ partition, at });
  }

  #end(at: number): void {
    if (this.#failoverMs !== undefined) return;
    this.#failoverMs = Math.round(at - this.#killedAt);
    this.#onFailover();
  }

  async #kill(): Promise<{ victim: number; led: readonly number[] }> {
    const { cluster, say } = this.#options;
    const byLeader = new Map<number, number[]>();
    for (const { leader, partitionId } of await this.#partitions([TOPIC]))
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), partitionId]);
    const [most] = [...byLeader].filter(([leader]) => leader !== -1).sort(([, a], [, b]) => b.length - a.length);
    if (most === undefined) throw new Error(`nobody leads a partition of ${TOPIC}`);
    const [victim, led] = most;
    say(`SIGKILL to broker ${victim} and its Postgres, which lead partitions ${led.join(', ')} of ${TOPIC}`);
    this.#killedAt = performance.now();
    await cluster.killBroker(victim);
    for (const partitionId of led) this.#led.set(partitionId, performance.now());
    return { victim, led };
  }

  #untilAcknowledged(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), DEADLINE_MS);
      this.#onFailover = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  async #untilSucceeded(victim: number, led: readonly number[]): Promise<void> {
    await this.#untilTrue(async () => {
      const lookedAt = performance.now();
      for (const { leader, partitionId } of await this.#partitions([TOPIC])) {
        if (!led.includes(partitionId) || this.#succeeded.has(partitionId)) continue;
        if (leader === victim || leader === -1) this.#led.set(partitionId, lookedAt);
        else this.#succeed(partitionId);
      }
      return this.#succeeded.size === led.length;
    });
  }

  /** Others lead the partition, since some time after it was looked at before: what came since then may be theirs. */
  #succeed(partitionId: number): void {
    this.#succeeded.add(partitionId);
    const first = this.#early.find(
      ({ partition, at }) => partition === partitionId && at > this.#led.get(partitionId)!,
    );
    if (first !== undefined) this.#end(first.at);
  }

  async #areAllInSync(): Promise<boolean> {
    return (await this.#partitions()).every(({ isr, replicas }) => isr.length === replicas.length);
  }

  async #partitions(topics?: readonly string[]) {
    const found = await this.#options.admin.fetchTopicMetadata(topics === undefined ? {} : { topics });
    return found.topics.flatMap(({ partitions }) => partitions);
  }

  async #untilTrue(condition: () => Promise<boolean>): Promise<boolean> {
    for (const deadline = performance.now() + DEADLINE_MS; performance.now() < deadline;) {
      if (await condition()) return true;
      await new Promise((wake) => setTimeout(wake, 50));
    }
    return false;
  }
}
