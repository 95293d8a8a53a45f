import { connect, type ProducerOptions } from '@postlog/core';
import { drain, parse, PARTITIONS, sendAll, sendTo } from '../workload.js';
import type { Contender } from './contender.js';

/** Postlog as it comes; or without compression, which the others do not have. */
export async function postlogContender(url: string, compression?: ProducerOptions['compression']): Promise<Contender> {
  const postlog = await connect({ url, logger: null });
  const producer = postlog.producer(compression === undefined ? {} : { compression });
  let round = 0;
  const topic = () => `round-${round}`;
  return {
    name: compression === undefined ? 'postlog' : `postlog, compression ${compression}`,
    note: `acks all, ${PARTITIONS} partitions; send() of 500, eachBatch with automatic commits`,
    prepare: async () => {
      if (round > 0) await postlog.admin().deleteTopics({ topics: [topic()] });
      round += 1;
      await postlog.admin().createTopics({ topics: [{ topic: topic(), numPartitions: PARTITIONS }] });
    },
    produce: (values) => sendAll(values, sendTo(producer, topic())),
    consume: (count) => drain(postlog, { topic: topic(), count, onValue: parse }),
    close: () => postlog.close(),
  };
}
