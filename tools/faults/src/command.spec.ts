import { parseCommand, UsageError } from './command.js';

const NAMES = {
  plants: {
    groups: ['skip-fence', 'two-owners'],
    transactions: ['sequence-cursor', 'no-claim-fence'],
    transactionsOfACluster: ['no-claim-fence'],
    cluster: ['skip-fence', 'no-dedup'],
    simulation: ['a leader leads for ever'],
  },
  scripts: ['leader-dies'],
};
const parse = (...args: string[]) => parseCommand(args, NAMES, () => 0.5);

describe('the command line', () => {
  it('runs three minutes with eight members unless told otherwise', () => {
    const usual = { kind: 'groups', minutes: 3, seed: 500_000, processes: 8, partitions: 12, plant: undefined };
    expect(parse('groups')).toEqual(usual);
    expect(parse('groups', '--minutes', '0.5', '--seed', '7', '--plant', 'two-owners')).toEqual({
      ...usual,
      minutes: 0.5,
      seed: 7,
      plant: 'two-owners',
    });
    expect(parse('zombie')).toEqual({ kind: 'zombie' });
    expect(parse('--help')).toEqual({ kind: 'help' });
  });

  it('runs three minutes on a cluster with its metadata in Postgres unless told otherwise', () => {
    const usual = {
      kind: 'cluster',
      minutes: 3,
      seed: 500_000,
      metadata: 'postgres',
      script: undefined,
      plant: undefined,
      keep: false,
    };
    expect(parse('cluster')).toEqual(usual);
    expect(parse('cluster', '--metadata', 'etcd', '--plant', 'no-dedup', '--script', 'leader-dies', '--keep')).toEqual({
      ...usual,
      metadata: 'etcd',
      plant: 'no-dedup',
      script: 'leader-dies',
      keep: true,
    });
    expect(parse('cluster', '--plant', 'all')).toEqual({ ...usual, plant: 'all' });
  });

  it('runs three minutes of transactions in six processes unless told otherwise', () => {
    const usual = {
      kind: 'transactions',
      minutes: 3,
      seed: 500_000,
      isCluster: false,
      processes: 6,
      plant: undefined,
      keep: false,
    };
    expect(parse('transactions')).toEqual(usual);
    expect(parse('transactions', '--cluster')).toEqual({ ...usual, isCluster: true, processes: 3 });
    const given = ['--minutes', '5', '--seed', '7', '--processes', '4', '--plant', 'sequence-cursor', '--keep'];
    expect(parse('transactions', ...given)).toEqual({
      ...usual,
      minutes: 5,
      seed: 7,
      processes: 4,
      plant: 'sequence-cursor',
      keep: true,
    });
  });

  it('simulates two thousand seeds from the first on unless told otherwise', () => {
    const usual = { kind: 'simulation', seed: 1, seeds: 2_000, plant: undefined };
    expect(parse('simulation')).toEqual(usual);
    const plant = 'a leader leads for ever';
    expect(parse('simulation', '--seed', '7', '--seeds', '1', '--plant', plant)).toEqual({
      ...usual,
      seed: 7,
      seeds: 1,
      plant,
    });
  });

  it.each([
    [[], 'say what to run: groups or zombie or transactions or cluster or simulation'],
    [['cluster', '--metadata', 'zookeeper'], '--metadata is "zookeeper"; give postgres or etcd'],
    [['cluster', '--script', 'leader-die'], 'did you mean leader-dies?'],
    [['cluster', '--plant', 'two-owners'], 'there is no plant "two-owners" in this run'],
    [['transactions', '--cluster', '--plant', 'sequence-cursor'], 'there is no plant "sequence-cursor" in this run'],
    [['groups', '--cluster'], '--cluster goes with transactions'],
    [['group'], 'say what to run: groups'],
    [['groups', '--plant', 'two-owner'], 'did you mean two-owners?'],
    [['groups', '--plant', 'all'], 'there is no plant "all" in this run'],
    [['groups', '--minutes', 'x'], '--minutes is "x"; give a number from'],
    [['groups', '--processes', '1.5'], 'whole number from 3'],
    [['groups', '--fast'], "Unknown option '--fast'"],
  ])('refuses %j', (args, message) => {
    expect(() => parse(...args)).toThrow(UsageError);
    expect(() => parse(...args)).toThrow(message);
  });
});
