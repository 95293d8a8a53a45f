import type { BrokerPart, ClusterProcesses } from '@postlog/core/testing';

const AGAIN_MS = 300;

/** A broker's Postgres and process under several faults at a time: a part is started again when the last fault that keeps it down is over. */
export class Machine {
  readonly id: number;
  readonly #cluster: ClusterProcesses;
  readonly #downs: Record<BrokerPart, number> = { postgres: 0, process: 0 };
  #isOver = false;

  constructor(id: number, cluster: ClusterProcesses) {
    this.id = id;
    this.#cluster = cluster;
  }

  async kill(parts: readonly BrokerPart[]): Promise<void> {
    for (const part of parts) this.#downs[part] += 1;
    await this.#cluster.killBroker(this.id, parts);
  }

  /** In order. */
  async stop(parts: readonly BrokerPart[]): Promise<void> {
    for (const part of parts) this.#downs[part] += 1;
    await this.#cluster.stopBroker(this.id, parts);
  }

  /** The fault that took these parts down is over. Resolves when they run, or when another fault has them. */
  async release(parts: readonly BrokerPart[]): Promise<void> {
    for (const part of parts) this.#downs[part] -= 1;
    await this.#up(parts);
  }

  /** The process has ended by itself. */
  revive(): Promise<void> {
    return this.#up(['process']);
  }

  pause(parts: readonly BrokerPart[]): void {
    this.#cluster.pauseBroker(this.id, parts);
  }

  goOn(parts: readonly BrokerPart[]): void {
    this.#cluster.continueBroker(this.id, parts);
  }

  /** Nothing is started any more. */
  end(): void {
    this.#isOver = true;
  }

  /** A process that cannot reach what it needs ends, and is started again until it can. */
  async #up(parts: readonly BrokerPart[]): Promise<void> {
    for (;;) {
      const wanted = parts.filter((part) => this.#downs[part] === 0);
      if (wanted.length === 0 || this.#isOver) return;
      const isUp = await this.#cluster.startBroker(this.id, wanted).then(
        () => true,
        () => false,
      );
      if (isUp) return;
      await new Promise((wake) => setTimeout(wake, AGAIN_MS));
    }
  }
}
