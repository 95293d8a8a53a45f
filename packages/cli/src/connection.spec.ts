import { readConnection } from './connection.js';

const URL = 'postgres://u:secret@h:5432/log';
const CLUSTER = { brokers: [{ id: 1, url: URL }], metadata: { url: URL } };
const schema = 'postlog';

describe('what a command works on', () => {
  it.each([
    [{ url: URL }, {}, { url: URL }],
    [{ url: URL }, { POSTLOG_BROKERS: `1=${URL}`, POSTLOG_METADATA: URL }, { url: URL }],
    [{}, { DATABASE_URL: URL }, { url: URL }],
    [{ brokers: `1=${URL}`, metadata: URL }, { DATABASE_URL: 'other' }, CLUSTER],
    [{ brokers: `1=${URL}` }, { POSTLOG_METADATA: URL }, CLUSTER],
    [{ metadata: URL }, { POSTLOG_BROKERS: `1=${URL}` }, CLUSTER],
    [{}, { POSTLOG_BROKERS: `1=${URL}`, POSTLOG_METADATA: URL, DATABASE_URL: 'other' }, CLUSTER],
  ])('%j with %j', (options, environment, expected) => {
    expect(readConnection({ schema, ...options }, environment)).toEqual(expected);
  });

  it.each([
    [{}, {}, 'DATABASE_URL for one broker'],
    [{ url: URL, brokers: `1=${URL}` }, {}, 'give one of them'],
    [{ url: URL, metadata: URL }, {}, 'instead of --url'],
    [{ brokers: `1=${URL}` }, {}, '--brokers goes with --metadata'],
    [{ metadata: URL }, {}, '--metadata goes with --brokers'],
    [{}, { POSTLOG_BROKERS: `1=${URL}` }, 'POSTLOG_METADATA is not'],
    [{ brokers: '3', metadata: URL }, {}, '1=postgres://'],
  ])('%j with %j is refused with the cure', (options, environment, cure) => {
    expect(() => readConnection({ schema, ...options }, environment)).toThrow(cure);
  });
});
