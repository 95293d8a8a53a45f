import { parseCommand, UsageError } from './command.js';

const MEASURES = ['produce-consume', 'ceiling', 'depth'];
const parse = (...args: string[]) => parseCommand(args, { log: MEASURES, groups: ['join'] });

describe('the command line', () => {
  it('measures everything unless told otherwise', () => {
    const command = {
      kind: 'run',
      bench: 'log',
      measures: MEASURES,
      json: undefined,
      rounds: undefined,
      minutes: undefined,
      isQuick: false,
    };
    expect(parse('log')).toEqual(command);
    expect(parse('log', '--json', 'out.json', '--rounds', '2', '--minutes', '0.5', '--quick')).toEqual({
      ...command,
      json: 'out.json',
      rounds: 2,
      minutes: 0.5,
      isQuick: true,
    });
  });

  it('takes measures by name, in their own order, and produce or consume for the pair', () => {
    expect(parse('log', '--only', 'depth,produce')).toMatchObject({ measures: ['produce-consume', 'depth'] });
    expect(parse('log', '--only', 'produce, consume')).toMatchObject({ measures: ['produce-consume'] });
  });

  it('helps before it looks at the rest', () => {
    expect(parse('--help')).toEqual({ kind: 'help' });
    expect(parse('log', '-h')).toEqual({ kind: 'help' });
  });

  it.each([
    [[], 'say what to measure: log or groups'],
    [['logs'], 'say what to measure: log or groups'],
    [['constructor'], 'say what to measure: log or groups'],
    [['log', 'more'], 'say what to measure: log or groups'],
    [['groups', '--only', 'depth'], 'there is no measure "depth"'],
    [['log', '--fast'], "Unknown option '--fast'"],
    [['log', '--json'], "Option '--json <value>' argument missing"],
    [['log', '--only', 'dept'], 'did you mean depth?'],
    [['log', '--only', ''], 'there is no measure ""'],
    [['log', '--minutes', '0'], '--minutes is "0"; give a number above 0'],
    [['log', '--rounds', '0'], '--rounds is "0"; give a whole number from 1 to 100'],
    [['log', '--rounds', 'x'], '--rounds is "x"'],
  ])('refuses %j', (args, message) => {
    expect(() => parse(...args)).toThrow(UsageError);
    expect(() => parse(...args)).toThrow(message);
  });
});
