/** How often records were handed to a handler in this process and failed. Kept until they are done, or are somebody else's. */
export class Attempts {
  readonly #failures = new Map<string, { readonly offset: string; readonly count: number }[]>();

  /** The number of the call that comes. */
  next(topic: string, partition: number, offset: string): number {
    if (this.#failures.size === 0) return 1;
    return 1 + (this.#of(topic, partition).find((each) => each.offset === offset)?.count ?? 0);
  }

  failed(topic: string, partition: number, offset: string): void {
    const others = this.#of(topic, partition).filter((each) => each.offset !== offset);
    const count = this.next(topic, partition, offset);
    this.#failures.set(`${topic}/${partition}`, [...others, { offset, count }]);
  }

  done(topic: string, partition: number, offset: string): void {
    if (this.#failures.size === 0) return;
    const others = this.#of(topic, partition).filter((each) => each.offset !== offset);
    if (others.length === 0) this.#failures.delete(`${topic}/${partition}`);
    else this.#failures.set(`${topic}/${partition}`, others);
  }

  #of(topic: string, partition: number): readonly { readonly offset: string; readonly count: number }[] {
    return this.#failures.get(`${topic}/${partition}`) ?? [];
  }
}
