import type { Measure } from '../bench.js';
import { openGroupWorld, TOPIC, untilStable } from '../group-workload.js';
import { MemberProcess } from '../member-processes.js';
import { line } from '../report.js';

/** Processes of static members are restarted in turn: how many partitions are ever owned by somebody else's name. */
export const rollingRestart: Measure = async (bench) => {
  const { partitions, processes, membersPerProcess } = bench.sizes.group;
  const { url, postlog } = await openGroupWorld(bench);
  const groupId = 'rolling';
  const start = (place: number) =>
    MemberProcess.start(bench, {
      url,
      topic: TOPIC,
      timing: {},
      members: Array.from({ length: membersPerProcess }, (_, number) => ({
        groupId,
        groupInstanceId: `pod-${place}-${number}`,
      })),
    });
  const running = await Promise.all(Array.from({ length: processes }, (_, place) => start(place)));
  for (const each of running) each.go();
  const total = processes * membersPerProcess;
  const before = await untilStable(postlog, groupId, total, partitions);
  const epochBefore = await epochOf();

  const moved = new Set<number>();
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const { groups } = await postlog.admin().describeGroups([groupId]);
      for (const { groupInstanceId, owned } of groups[0]!.members)
        for (const partition of owned.flatMap((each) => each.partitions))
          if (before.get(partition) !== groupInstanceId) moved.add(partition);
      await new Promise((wake) => setTimeout(wake, 20));
    }
  })();
  const startedAt = performance.now();
  for (const [place, old] of running.entries()) {
    await old.end('SIGTERM');
    running[place] = await start(place);
    running[place]!.go();
    await untilBack(place);
    bench.say(`restarted process ${place + 1} of ${processes}`);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  isOver = true;
  await watching;
  const epochs = (await epochOf()) - epochBefore;
  await Promise.all(running.map((each) => each.end('SIGTERM')));
  return [
    line('rolling restart of static members: partitions that moved', moved.size, 'partitions', { atMost: 0 }),
    line('rolling restart of static members: rebalances', epochs, 'epochs', { atMost: 0 }),
    line('rolling restart, all of it', seconds, 's'),
  ];

  async function epochOf(): Promise<number> {
    return (await postlog.admin().describeGroups([groupId])).groups[0]!.groupEpoch;
  }

  async function untilBack(place: number): Promise<void> {
    for (;;) {
      const { groups } = await postlog.admin().describeGroups([groupId]);
      const mine = groups[0]!.members.filter(({ groupInstanceId }) => groupInstanceId?.startsWith(`pod-${place}-`));
      if (mine.length === membersPerProcess && mine.every(({ memberEpoch }) => memberEpoch > 0)) return;
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }
};
