import type { ConsumedMessage } from '../record/messages.js';
import type { Offset } from '../record/offset.js';
import type { Batch } from './run-types.js';

/** KafkaJS's batch: what one fetch brought for a partition. */
export class FetchedBatch implements Batch {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: string;
  readonly messages: ConsumedMessage[];

  constructor(options: { topic: string; partition: number; highWatermark: Offset; messages: ConsumedMessage[] }) {
    this.topic = options.topic;
    this.partition = options.partition;
    this.highWatermark = String(options.highWatermark);
    this.messages = options.messages;
  }

  isEmpty(): boolean {
    return this.messages.length === 0;
  }

  firstOffset(): string | null {
    return this.messages[0]?.offset ?? null;
  }

  lastOffset(): string {
    return this.messages.at(-1)?.offset ?? String(BigInt(this.highWatermark) - 1n);
  }

  offsetLag(): string {
    return String(BigInt(this.highWatermark) - 1n - BigInt(this.lastOffset()));
  }

  offsetLagLow(): string {
    const first = this.firstOffset();
    return first === null ? '0' : String(BigInt(this.highWatermark) - 1n - BigInt(first));
  }
}
