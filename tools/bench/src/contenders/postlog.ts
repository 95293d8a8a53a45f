import { connect, type Postlog } from '@postlog/core';
import { drain, parse, PARTITIONS, sendAll, sendTo } from '../bench.js';
import type { Contender } from './contender.js';

export async function postlogContender(url: string): Promise<Contender> {
  const postlog: Postlog = await connect({ url, logger: null });
  const producer = postlog.producer();
  let round = 0;
  const topic = () => `round-${round}`;
  return {
    name: 'postlog',
    note: `acks all, synchronous commit, ${PARTITIONS} partitions; send() in portions, eachBatch with automatic commits`,
    prepare: async () => {
      if (round > 0) await postlog.admin().deleteTopics({ topics: [topic()] });
      round += 1;
      await postlog.admin().createTopics({ topics: [{ topic: topic(), numPartitions: PARTITIONS }] });
    },
    produce: (values) => sendAll(values, sendTo(producer, topic())),
    consume: (count) => drain(postlog, topic(), count, parse),
    close: () => postlog.close(),
  };
}
