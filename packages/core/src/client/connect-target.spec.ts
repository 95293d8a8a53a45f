import type { ConnectOptions } from './connect-options.js';
import { checkTarget } from './connect-target.js';

const url = 'postgres://user:canary@localhost/log';
const metadata = { etcd: ['http://127.0.0.1:2379'] };
const brokers = [
  { id: 1, url, rack: 'a' },
  { id: 2, url },
];

describe('with whom to connect', () => {
  it('is one broker, or a cluster', () => {
    expect(checkTarget({ url })).toEqual({ kind: 'broker', url });
    expect(checkTarget({ brokers, metadata })).toEqual({ kind: 'cluster', brokers, metadata });
  });

  it.each<[string, object, RegExp]>([
    ['neither', {}, /url is missing/],
    ['both', { url, brokers, metadata }, /give one of both/],
    ['a broker with the metadata of a cluster', { url, metadata }, /give one of both/],
    ['brokers whose metadata is nowhere', { brokers }, /without metadata/],
    ['metadata of no brokers', { metadata }, /without brokers/],
    ['no list of brokers', { brokers: {}, metadata }, /brokers is object/],
    ['an empty list of brokers', { brokers: [], metadata }, /at least one/],
    ['a broker without a number', { brokers: [{ url }], metadata }, /brokers\[0\]\.id is missing/],
    ['a broker whose number is none', { brokers: [{ id: 1.5, url }], metadata }, /brokers\[0\]\.id is 1.5/],
    ['a broker without a url', { brokers: [{ id: 1 }], metadata }, /url is missing/],
    ['a broker with a slip of the pen', { brokers: [{ id: 1, ulr: url }], metadata }, /url/],
    ['a broker in a rack that has no name', { brokers: [{ id: 1, url, rack: 7 }], metadata }, /rack is 7/],
    ['a client that does the brokers’ work', { brokers, metadata, services: true }, /services is the work/],
    ['a client that migrates brokers', { brokers, metadata, migrate: true }, /migrate is the work/],
    ['a broker twice', { brokers: [brokers[0], brokers[0]], metadata }, /broker 1 is named twice/],
  ])('cannot be %s', (_, options, message) => {
    const attempt = () => checkTarget(options as ConnectOptions);
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }) as Error);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/canary/);
  });
});
