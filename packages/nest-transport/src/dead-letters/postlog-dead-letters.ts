import {
  PostlogError,
  type ChosenDeadLetters,
  type DeadLetter,
  type ListDeadLetters,
  type Postlog,
} from '@postlog/core';
import { readPayload } from '../publish/payload.js';
import type { TopicDirectory } from '../topic/topic-directory.js';
import type { AnyTopic } from '../topic/topic.js';

/** A record that a group could not handle, with its value as handlers get it; no schema has looked at that, and what is no JSON is text. */
export interface ReadDeadLetter extends DeadLetter {
  readonly payload: unknown;
}

interface OfGroup {
  /** Whose they are [the module's `group`]. */
  readonly group?: string;
}

/** What handlers could not handle, by topic and group: to look at, to send again once the cause is gone, to throw away. Inject it by its class. */
export class PostlogDeadLetters {
  readonly #postlog: Postlog;
  readonly #topics: TopicDirectory;
  readonly #group: string | undefined;

  constructor(postlog: Postlog, topics: TopicDirectory, group: string | undefined) {
    this.#postlog = postlog;
    this.#topics = topics;
    this.#group = group;
  }

  /** By partition and offset; none where there is no topic of dead letters yet. */
  async list(
    topic: AnyTopic | string,
    { group, ...options }: ListDeadLetters & OfGroup = {},
  ): Promise<ReadDeadLetter[]> {
    const letters = await this.#of(topic, group).list(options);
    return letters.map((letter) => ({
      ...letter,
      payload: readPayload(letter, this.#topics.contractOf(topic)?.format),
    }));
  }

  /** Sends them back to their topic and partition, in the order in which they failed; see core's `DeadLetters.requeue`. */
  requeue(
    topic: AnyTopic | string,
    { group, ...chosen }: ChosenDeadLetters & OfGroup,
  ): Promise<{ readonly requeued: number }> {
    return this.#of(topic, group).requeue(chosen);
  }

  /** Removes them for good. */
  purge(
    topic: AnyTopic | string,
    { group, ...chosen }: ChosenDeadLetters & OfGroup,
  ): Promise<{ readonly purged: number }> {
    return this.#of(topic, group).purge(chosen);
  }

  #of(topic: AnyTopic | string, group: string | undefined = this.#group) {
    if (group === undefined) {
      throw new PostlogError(
        'INVALID_GROUP_ID',
        "dead letters are a group's; give { group: '…' }, or give PostlogModule.forRoot a group.",
      );
    }
    return this.#postlog.deadLetters({ topic: this.#topics.nameOf(topic), groupId: group });
  }
}
