import { connect, type Consumer, type ConsumerRun, type Message, type Postlog } from '../index.js';
import { fastGroup } from './collect.js';
import { databaseWithSchema } from './schema-template.js';

/** A failure that specs can wait for: rests are short, and not spread by chance. */
export const QUICK = { attempts: 3, delayMs: 10, factor: 1, jitter: 0 } as const;

export interface DeliveryWorld {
  readonly url: string;
  readonly postlog: Postlog;
  /** Another process on the same database. */
  connect(): Promise<Postlog>;
  newTopic(numPartitions?: number): Promise<string>;
  send(topic: string, ...messages: (Message | string)[]): Promise<void>;
  /** A consumer of a topic from its beginning, that runs. */
  consume(topic: string, groupId: string, run: ConsumerRun, postlog?: Postlog): Promise<Consumer>;
  drop(): Promise<void>;
}

export async function deliveryWorld(): Promise<DeliveryWorld> {
  const test = await databaseWithSchema();
  const connected: Postlog[] = [];
  const connectMore = async () => {
    const postlog = await connect({ url: test.url, logger: null });
    connected.push(postlog);
    return postlog;
  };
  const postlog = await connectMore();
  const producer = postlog.producer();
  let topics = 0;
  return {
    url: test.url,
    postlog,
    connect: connectMore,
    newTopic: async (numPartitions = 1) => {
      const topic = `topic-${topics++}`;
      await postlog.admin().createTopics({ topics: [{ topic, numPartitions }] });
      return topic;
    },
    send: async (topic, ...messages) => {
      await producer.send({
        topic,
        messages: messages.map((each) => (typeof each === 'string' ? { value: each } : each)),
      });
    },
    consume: async (topic, groupId, run, of = postlog) => {
      const consumer = of.consumer(fastGroup(groupId));
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({ autoCommitInterval: 20, ...run });
      return consumer;
    },
    drop: async () => {
      await Promise.all(connected.map((each) => each.close()));
      await test.drop();
    },
  };
}
