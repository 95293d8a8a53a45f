import { connectionFromEnvironment, parseBroker, parseBrokers, parseMetadata } from './connection-settings.js';

const ONE = 'postgres://a:secret@h1:5432/log';
const TWO = 'postgres://a:secret@h2,h3:5432/log?options=-c%20x,2';

describe('with whom to connect', () => {
  it('is read from the environment: a cluster if there is one, else one broker', () => {
    const cluster = { POSTLOG_BROKERS: `1=${ONE},2=${TWO}`, POSTLOG_METADATA: 'etcd:http://e1:2379,http://e2:2379' };
    const expected = {
      brokers: [
        { id: 1, url: ONE },
        { id: 2, url: TWO },
      ],
      metadata: { etcd: ['http://e1:2379', 'http://e2:2379'] },
    };
    expect(connectionFromEnvironment(cluster)).toEqual(expected);
    expect(connectionFromEnvironment({ ...cluster, DATABASE_URL: ONE })).toEqual(expected);
    expect(connectionFromEnvironment({ DATABASE_URL: ONE, POSTLOG_BROKERS: '' })).toEqual({ url: ONE });
    expect(parseMetadata(ONE)).toEqual({ url: ONE });
  });

  it.each([
    [() => connectionFromEnvironment({}), 'DATABASE_URL'],
    [() => connectionFromEnvironment({ POSTLOG_BROKERS: `1=${ONE}` }), 'POSTLOG_METADATA'],
    [() => parseBrokers(`1=${ONE},1=${ONE}`), 'broker 1 is named twice'],
    [() => parseBroker(ONE), '1=postgres://'],
    [() => parseBroker(`0=${ONE}`), '1=postgres://'],
    [() => parseBroker('1=http://h'), '1=postgres://'],
    [() => parseMetadata('etcd'), 'etcd:http://'],
    [() => parseMetadata('etcd:h:2379'), 'etcd:http://'],
    [() => parseMetadata('mysql://h'), 'postgres://'],
  ])('%# says the cure, and never a password', (read, cure) => {
    expect(read).toThrow(cure);
    expect(read).not.toThrow('secret');
  });
});
