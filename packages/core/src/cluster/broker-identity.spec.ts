import type { BrokerIdentity } from './cluster-image.js';
import { isSameDatabase, judgeRestart } from './broker-identity.js';

const recorded: BrokerIdentity = {
  systemIdentifier: '7001',
  timelineId: 1,
  incarnation: 4,
  flushedWal: '9007199254740993',
};

describe('a broker that starts', () => {
  it('is new when nothing was recorded of it', () => {
    expect(judgeRestart(undefined, recorded).kind).toBe('new');
  });

  it.each<[string, Partial<BrokerIdentity>]>([
    ['all is as recorded', {}],
    ['more was written since', { flushedWal: '9007199254740994' }],
    ['an earlier registration got as far as its database only', { incarnation: 5 }],
  ])('has restarted cleanly when %s', (_what, found) => {
    expect(judgeRestart(recorded, { ...recorded, ...found }).kind).toBe('clean');
  });

  it.each<[string, Partial<BrokerIdentity>, string]>([
    ['is another one', { systemIdentifier: '7002' }, 'another one: system 7002, not 7001'],
    ['was promoted', { timelineId: 2 }, 'promoted or restored: timeline 2, not 1'],
    ['was restored from before its last registration', { incarnation: 3 }, 'older copy: incarnation 3, not 4'],
    ['has lost its last byte of WAL', { flushedWal: '9007199254740992' }, 'has lost its end'],
  ])('has restarted uncleanly when its database %s', (_what, found, reason) => {
    expect(judgeRestart(recorded, { ...recorded, ...found })).toEqual({
      kind: 'unclean',
      reason: expect.stringContaining(reason) as string,
    });
  });

  it('shares its database with nobody, but may share the server', () => {
    expect(isSameDatabase({ systemIdentifier: '1', databaseOid: 5 }, { systemIdentifier: '1', databaseOid: 5 })).toBe(
      true,
    );
    expect(isSameDatabase({ systemIdentifier: '1', databaseOid: 5 }, { systemIdentifier: '1', databaseOid: 6 })).toBe(
      false,
    );
    expect(isSameDatabase({ systemIdentifier: '1', databaseOid: 5 }, { systemIdentifier: '2', databaseOid: 5 })).toBe(
      false,
    );
  });
});
