import type { ClientBroker } from '../broker/log-requests.js';
import { PostlogError } from '../errors/postlog-error.js';
import type { LogEnds } from '../log/log.store.js';
import type { Offset } from '../record/offset.js';
import type { Cluster, PartitionPlace } from './cluster.js';
import { asPostlogError } from './produce-errors.js';

/** Where logs begin and end, by partition number, asked of their leaders; where that is impossible, why. */
export async function logEndsOf(
  cluster: Cluster,
  places: readonly PartitionPlace[],
): Promise<ReadonlyMap<number, LogEnds | PostlogError>> {
  const answers = new Map<number, LogEnds | PostlogError>();
  const byLeader = new Map<ClientBroker, number[]>();
  await Promise.all(
    places.map(async (place) => {
      try {
        const { broker } = await cluster.leaderOf(place);
        byLeader.set(broker, [...(byLeader.get(broker) ?? []), place.partitionId]);
      } catch (error) {
        answers.set(place.partitionId, asPostlogError(error));
      }
    }),
  );
  await Promise.all(
    [...byLeader].map(async ([broker, partitionIds]) => {
      try {
        for (const ends of await broker.log.ends(partitionIds)) {
          answers.set(ends.partitionId, ends.role === 'leader' ? ends : notLeader(ends.partitionId));
        }
      } catch (error) {
        for (const partitionId of partitionIds) answers.set(partitionId, asPostlogError(error));
      }
    }),
  );
  return answers;
}

/** The same, where every answer is needed. @throws PostlogError the first reason; `UNKNOWN_TOPIC_OR_PARTITION` */
export async function demandLogEnds(
  cluster: Cluster,
  places: readonly PartitionPlace[],
): Promise<ReadonlyMap<number, LogEnds>> {
  const answers = await logEndsOf(cluster, places);
  return new Map(
    places.map((place) => {
      const answer = answers.get(place.partitionId);
      if (answer instanceof PostlogError) throw answer;
      if (answer !== undefined) return [place.partitionId, answer];
      throw new PostlogError('UNKNOWN_TOPIC_OR_PARTITION', `${place.topic}-${place.partition} is gone.`);
    }),
  );
}

/**
 * What the next record of ordinary readers will be. A new leader does not know it until its high watermark has reached
 * the first offset of its epoch (rule C24).
 *
 * @throws PostlogError `OFFSET_NOT_AVAILABLE`
 */
export function latestOffset(place: PartitionPlace, { highWatermark, epochStartOffset }: LogEnds): Offset {
  if (highWatermark >= epochStartOffset) return highWatermark;
  throw new PostlogError(
    'OFFSET_NOT_AVAILABLE',
    `the new leader of ${place.topic}-${place.partition} does not know its high watermark yet; ask again in a moment.`,
  );
}

function notLeader(partitionId: number): PostlogError {
  return new PostlogError('NOT_LEADER_OR_FOLLOWER', `partition ${partitionId} has another leader now.`);
}
