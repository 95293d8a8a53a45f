/**
 * Members of groups, in a process of their own. Told by one argument, JSON of `MemberProcessOptions`. It says `ready` when it
 * is connected, joins when it is told to `go`, then says what it handled, and answers `cpu` with the time it has used.
 */
import { connect } from '@postlog/core';
import type { FromMembers, MemberProcessOptions, ToMembers } from './member-processes.js';

const REPORT_MS = 50;
const options = JSON.parse(process.argv[2]!) as MemberProcessOptions;
const say = (message: FromMembers) => process.send!(message);
const postlog = await connect({ url: options.url, logger: null, services: false });
const consumers = options.members.map((member) =>
  postlog.consumer({ ...options.timing, ...member, autoOffsetReset: 'latest' }),
);
const handled = new Map<number, number>();

async function go(): Promise<void> {
  await Promise.all(
    consumers.map(async (consumer) => {
      await consumer.subscribe({ topics: [options.topic] });
      await consumer.run({
        autoCommitInterval: 500,
        partitionsConsumedConcurrently: 4,
        eachMessage: ({ partition }) => void handled.set(partition, (handled.get(partition) ?? 0) + 1),
      });
    }),
  );
}

setInterval(() => {
  if (handled.size === 0) return;
  say({ handled: [...handled] });
  handled.clear();
}, REPORT_MS).unref();

process.on('message', (message: ToMembers) => {
  if (message === 'go') void go();
  if (message === 'cpu') {
    const { user, system } = process.cpuUsage();
    say({ cpuMs: (user + system) / 1_000 });
  }
});
process.on('SIGTERM', () => void postlog.close().then(() => process.exit(0)));
// Nobody is left to be told.
process.on('disconnect', () => process.exit(0));
say('ready');
