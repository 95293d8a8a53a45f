import { PostlogError } from '@postlog/core';
import { isTopic, type AnyTopic } from './topic.js';

/** What this application knows of topics: contracts, and how their names read in this environment (`topicName`). */
export class TopicDirectory {
  readonly #rename: (name: string) => string;
  readonly #declared = new Map<string, AnyTopic>();

  constructor(rename: (name: string) => string = (name) => name) {
    this.#rename = rename;
  }

  /** @throws PostlogError `INVALID_CONFIG` when another contract has the name: which of them would hold is anybody's guess. */
  declare(topic: AnyTopic): void {
    const name = this.nameOf(topic);
    const known = this.#declared.get(name);
    if (known !== undefined && known !== topic)
      throw new PostlogError(
        'INVALID_CONFIG',
        `topic ${name} is defined twice; export one defineTopic('${topic.name}', …) and import it everywhere.`,
      );
    this.#declared.set(name, topic);
  }

  get declared(): readonly AnyTopic[] {
    return [...this.#declared.values()];
  }

  /** The name in the log. */
  nameOf(topic: AnyTopic | string): string {
    return this.#rename(isTopic(topic) ? topic.name : topic);
  }

  /** The contract given, or the one declared under the name. */
  contractOf(topic: AnyTopic | string): AnyTopic | undefined {
    return isTopic(topic) ? topic : this.contractNamed(this.nameOf(topic));
  }

  /** The contract declared for a name in the log. */
  contractNamed(name: string): AnyTopic | undefined {
    return this.#declared.get(name);
  }
}
