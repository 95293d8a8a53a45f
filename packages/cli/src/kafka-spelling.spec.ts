import { withoutDashes } from './kafka-spelling.js';

describe('Kafka’s spelling', () => {
  it.each([
    ['topics --create --topic event --partitions 2', 'topics create --topic event --partitions 2'],
    ['topics --topic event --describe --json', 'topics describe --topic event --json'],
    ['--url postgres://h/d --schema s topics --list', '--url postgres://h/d --schema s topics list'],
    ['groups --reset-offsets --group g --to-earliest', 'groups reset-offsets --group g --to-earliest'],
    ['brokers --list', 'brokers list'],
    ['topics --describ --topic event', 'topics describ --topic event'],
  ])('%s', (given, expected) => {
    expect(withoutDashes(given.split(' '))).toEqual(expected.split(' '));
  });

  it.each([
    'topics create --topic --list',
    'topics --help',
    'topics',
    'leaders elect --preferred',
    '',
    'constructor --list',
  ])('leaves %j as it is', (line) => {
    expect(withoutDashes(line.split(' '))).toEqual(line.split(' '));
  });
});
