import { matchTopics, writeTopicPattern } from '../group/topic-pattern.js';
import { invalid } from './check-options.js';
import type { Subscription } from './consumer-options.js';
import type { OffsetReset } from './consumer-types.js';

/** What a consumer subscribes to, by name and by pattern, and where it begins in each. */
export class ConsumerSubscription {
  readonly #default: OffsetReset;
  readonly #topics = new Map<string, OffsetReset>();
  /** By the pattern's text. */
  readonly #patterns = new Map<string, { readonly pattern: RegExp; readonly reset: OffsetReset }>();

  constructor(autoOffsetReset: OffsetReset) {
    this.#default = autoOffsetReset;
  }

  get isEmpty(): boolean {
    return this.#topics.size === 0 && this.#patterns.size === 0;
  }

  get topics(): readonly string[] {
    return [...this.#topics.keys()];
  }

  /** All patterns as one, as the group keeps it. */
  get topicPattern(): string | null {
    const [first, ...others] = [...this.#patterns.values()].map(({ pattern }) => pattern);
    if (first === undefined) return null;
    if (others.length === 0) return writeTopicPattern(first);
    const source = [first, ...others].map((pattern) => `(?:${pattern.source})`).join('|');
    return writeTopicPattern(new RegExp(source, first.flags));
  }

  /** @throws PostlogError `INVALID_CONFIG`, `INVALID_REGULAR_EXPRESSION` */
  add({ topics, patterns, fromBeginning }: Subscription): void {
    const reset = fromBeginning === undefined ? this.#default : fromBeginning ? 'earliest' : 'latest';
    const texts = patterns.map(writeTopicPattern);
    const flags = new Set([...this.#patterns.keys(), ...texts].map((text) => text.slice(text.lastIndexOf('/') + 1)));
    if (flags.size > 1)
      throw invalid('patterns of one consumer must have the same flags; write them without, or alike');
    for (const text of texts) matchTopics(text, []);
    for (const topic of topics) this.#topics.set(topic, reset);
    patterns.forEach((pattern, place) => this.#patterns.set(texts[place]!, { pattern, reset }));
  }

  /** @throws PostlogError `INVALID_CONFIG` when something is not subscribed to. */
  remove({ topics, patterns }: Subscription): void {
    const texts = patterns.map(writeTopicPattern);
    const unknown = [
      ...topics.filter((topic) => !this.#topics.has(topic)),
      ...texts.filter((text) => !this.#patterns.has(text)),
    ];
    if (unknown.length > 0) throw invalid(`the consumer does not subscribe to ${unknown.join(', ')}`);
    for (const topic of topics) this.#topics.delete(topic);
    for (const text of texts) this.#patterns.delete(text);
  }

  /** Where to begin in a topic without a committed offset. */
  resetFor(topic: string): OffsetReset {
    const named = this.#topics.get(topic);
    if (named !== undefined) return named;
    const matching = [...this.#patterns].find(([text]) => matchTopics(text, [topic]).length > 0);
    return matching?.[1].reset ?? this.#default;
  }
}
