import { PostlogError } from '../errors/postlog-error.js';
import { checkTopicName } from './topic-name.js';

const INFIX = '.dlq.';

/**
 * Where a group's dead letters of a topic go.
 *
 * @throws PostlogError `INVALID_TOPIC_EXCEPTION` when that is no name for a topic: a group's may have more characters, and be as long.
 */
export function deadLetterTopic(topic: string, groupId: string): string {
  const name = `${topic}${INFIX}${groupId}`;
  try {
    return checkTopicName(name);
  } catch (error) {
    throw new PostlogError(
      'INVALID_TOPIC_EXCEPTION',
      `dead letters of group ${JSON.stringify(groupId)} would go to ${JSON.stringify(name)}, which is no name of a topic; ` +
        'use a groupId of the characters a-z A-Z 0-9 . _ - such that both names together have at most 244 of them.',
      { cause: error },
    );
  }
}

/** Whether a topic holds dead letters of this group: its patterns leave that out, so that it does not handle its own failures in a circle. */
export function isDeadLetterTopicOf(groupId: string, topic: string): boolean {
  return topic.endsWith(`${INFIX}${groupId}`);
}
