import { connect, type Postlog } from '@postlog/core';
import type { Bench } from './bench.js';

export const TOPIC = 'groups';

/** A topic for groups, and a client to watch them with. */
export async function openGroupWorld(bench: Bench, partitions = bench.sizes.group.partitions) {
  const url = await bench.database();
  const postlog = await connect({ url, logger: null });
  bench.onStop(() => postlog.close());
  await postlog.admin().createTopics({ topics: [{ topic: TOPIC, numPartitions: partitions }] });
  return { url, postlog };
}

/** Resolves when the group is stable with so many members, and answers who owns what: by static name, else by member id. */
export async function untilStable(
  postlog: Postlog,
  groupId: string,
  members: number,
  partitions: number,
): Promise<Map<number, string>> {
  for (;;) {
    const { groups } = await postlog.admin().describeGroups([groupId]);
    const owners = new Map(
      groups[0]!.members.flatMap(({ memberId, groupInstanceId, owned }) =>
        owned.flatMap((each) => each.partitions.map((partition) => [partition, groupInstanceId ?? memberId] as const)),
      ),
    );
    if (groups[0]!.state === 'Stable' && groups[0]!.members.length === members && owners.size === partitions)
      return owners;
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

/** Sends to every partition in turn, so many records a second in all; the answer stops it. */
export function sendSteadily(postlog: Postlog, partitions: number, rate: number): () => Promise<void> {
  const producer = postlog.producer();
  let isStopped = false;
  const run = async () => {
    const startedAt = performance.now();
    for (let sent = 0; !isStopped;) {
      const due = Math.floor(((performance.now() - startedAt) / 1_000) * rate);
      const messages = [];
      for (; sent < due; sent++) messages.push({ partition: sent % partitions, value: 'x' });
      if (messages.length > 0) await producer.send({ topic: TOPIC, messages });
      await new Promise((wake) => setTimeout(wake, 10));
    }
  };
  const ended = run();
  return async () => {
    isStopped = true;
    await ended;
    await producer.disconnect();
  };
}
