import { parseCommand, UsageError } from './command.js';

const NAMES = {
  plants: { groups: ['skip-fence', 'two-owners'], cluster: ['skip-fence', 'no-dedup'] },
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
  });

  it.each([
    [[], 'say what to run: groups or zombie or cluster'],
    [['cluster', '--metadata', 'zookeeper'], '--metadata is "zookeeper"; give postgres or etcd'],
    [['cluster', '--script', 'leader-die'], 'did you mean leader-dies?'],
    [['cluster', '--plant', 'two-owners'], 'there is no plant "two-owners" in this run'],
    [['group'], 'say what to run: groups'],
    [['groups', '--plant', 'two-owner'], 'did you mean two-owners?'],
    [['groups', '--minutes', 'x'], '--minutes is "x"; give a number from'],
    [['groups', '--processes', '1.5'], 'whole number from 3'],
    [['groups', '--fast'], "Unknown option '--fast'"],
  ])('refuses %j', (args, message) => {
    expect(() => parse(...args)).toThrow(UsageError);
    expect(() => parse(...args)).toThrow(message);
  });
});
