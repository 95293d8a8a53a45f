import { connect } from '../index.js';
import { lossyProxy } from '../testing/lossy-proxy.js';
import { databaseWithSchema } from '../testing/schema-template.js';

const endOf = async (url: string, topic: string) => {
  const postlog = await connect({ url, logger: null });
  const [partition] = await postlog.admin().fetchTopicOffsets(topic);
  await postlog.close();
  return partition!.offset;
};

describe('a reply that is lost after the commit', () => {
  it('is followed by a retry that does not duplicate, and tells the offset that the records have', async () => {
    const { url, drop } = await databaseWithSchema();
    const proxy = await lossyProxy(url);
    const postlog = await connect({ url: proxy.url, logger: null });
    await postlog.admin().createTopics({ topics: [{ topic: 't' }] });
    const producer = postlog.producer({ retry: { initialRetryTime: 10 } });
    await producer.send({ topic: 't', messages: [{ value: 'before' }] });
    for (let round = 0; round < 7; round++) {
      proxy.loseReplyTo('append_v1');
      const [place] = await producer.send({ topic: 't', messages: [{ value: 'a' }, { value: 'b' }] });
      expect(place!.baseOffset).toBe(String(1 + 2 * round));
    }
    expect(proxy.lost()).toBe(7);
    await postlog.close();
    expect(await endOf(url, 't')).toBe('15');
    await proxy.close();
    await drop();
  });

  it('leaves the outcome unknown when time is up, and fences nothing that comes later', async () => {
    const { url, drop } = await databaseWithSchema();
    const proxy = await lossyProxy(url);
    const postlog = await connect({ url: proxy.url, logger: null });
    await postlog.admin().createTopics({ topics: [{ topic: 't' }] });
    const producer = postlog.producer({ deliveryTimeoutMs: 500, retry: { initialRetryTime: 10_000 } });
    await producer.send({ topic: 't', messages: [{ value: 'before' }] });
    proxy.loseReplyTo('append_v1');
    await expect(producer.send({ topic: 't', messages: [{ value: 'in doubt' }] })).rejects.toMatchObject({
      outcome: 'unknown',
    });
    const [place] = await producer.send({ topic: 't', messages: [{ value: 'after' }] });
    expect(place!.baseOffset).toBe('2'); // What was in doubt is stored, once.
    await postlog.close();
    expect(await endOf(url, 't')).toBe('3');
    await proxy.close();
    await drop();
  });
});
