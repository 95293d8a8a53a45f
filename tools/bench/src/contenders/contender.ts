/** What a team might pick instead: the same records in, the same records out, each durable before it is acknowledged. */
export interface Contender {
  readonly name: string;
  /** How it was told to be durable and which bulk calls it uses. */
  readonly note: string;
  /** Records of a round, where all of them would take minutes. */
  readonly records?: number;
  /** A fresh stream, queue or table. */
  prepare(): Promise<void>;
  produce(values: readonly string[]): Promise<number>;
  /** Takes all that was produced, parses each and acknowledges it. Answers seconds. */
  consume(count: number): Promise<number>;
  close(): Promise<void>;
}
