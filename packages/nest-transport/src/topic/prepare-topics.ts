import { nearestName, PostlogError, type Admin, type TopicSpec } from '@postlog/core';

/** Who creates topics: the application those it declared, or nobody. */
export type CreateTopics = 'declared' | 'never';

/**
 * Sees to it that declared topics exist; answers what is otherwise than declared, in sentences. Existing topics are never changed.
 *
 * @throws PostlogError `UNKNOWN_TOPIC_OR_PARTITION` for those that are missing and may not be created.
 */
export async function prepareTopics(
  admin: Admin,
  topics: readonly TopicSpec[],
  createTopics: CreateTopics,
): Promise<string[]> {
  if (topics.length === 0) return [];
  if (createTopics === 'declared') await admin.createTopics({ topics });
  else
    await demandTopics(
      admin,
      topics.map(({ topic }) => topic),
    );
  const described = await admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) });
  return described.topics.flatMap(({ name, partitions }) => {
    const declared = topics.find(({ topic }) => topic === name)?.numPartitions;
    if (declared === undefined || declared === partitions.length) return [];
    return [`${name} has ${partitions.length} partitions and ${declared} are declared`];
  });
}

/** @throws PostlogError `UNKNOWN_TOPIC_OR_PARTITION` that names the one that was probably meant. */
export async function demandTopics(admin: Admin, names: readonly string[]): Promise<void> {
  const existing = await admin.listTopics();
  const missing = names.find((name) => !existing.includes(name));
  if (missing === undefined) return;
  const nearest = nearestName(missing, existing);
  const meant = nearest === undefined ? '' : `did you mean "${nearest}"? If not, `;
  throw new PostlogError(
    'UNKNOWN_TOPIC_OR_PARTITION',
    `topic ${missing} does not exist; ${meant}declare it (PostlogModule.forFeature([defineTopic('${missing}', …)]) with ` +
      `createTopics: 'declared'), or create it: postlog topics create --topic ${missing}.`,
  );
}
