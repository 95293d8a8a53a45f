/** What a team might pick instead: the same records in, the same records out, each durable before it is acknowledged. */
export interface Contender {
  readonly name: string;
  /** How it was told to be durable and which bulk calls it uses. */
  readonly note: string;
  /** A fresh stream, queue or table. */
  prepare(): Promise<void>;
  /** Answers seconds. */
  produce(values: readonly string[]): Promise<number>;
  /** Between the two, outside the clock: what a server that has run for a while would have done by itself. */
  settle?(): Promise<void>;
  /** Takes all that was produced, parses each and acknowledges it. Answers seconds. */
  consume(count: number): Promise<number>;
  close(): Promise<void>;
}
