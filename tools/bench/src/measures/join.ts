import type { Measure } from '../bench.js';
import { openGroupWorld, TOPIC, untilStable } from '../group-workload.js';
import { MemberProcess } from '../member-processes.js';
import { line, median } from '../report.js';

/** From the moment all members begin to join, to a stable group in which every partition is owned. */
export const join: Measure = async (bench) => {
  const { partitions, processes, membersPerProcess } = bench.sizes.group;
  const { url, postlog } = await openGroupWorld(bench);
  const seconds: number[] = [];
  for (let round = 0; round < bench.sizes.rounds; round++) {
    const groupId = `join-${round}`;
    const members = Array.from({ length: membersPerProcess }, () => ({ groupId }));
    const all = await Promise.all(
      Array.from({ length: processes }, () => MemberProcess.start(bench, { url, topic: TOPIC, members, timing: {} })),
    );
    const startedAt = performance.now();
    for (const each of all) each.go();
    await untilStable(postlog, groupId, processes * membersPerProcess, partitions);
    seconds.push((performance.now() - startedAt) / 1_000);
    bench.say(`joined in ${seconds.at(-1)!.toFixed(2)} s`);
    await Promise.all(all.map((each) => each.end('SIGTERM')));
  }
  const what = `${processes * membersPerProcess} members in ${processes} processes join, ${partitions} partitions`;
  return [line(what, median(seconds), 's', { atMost: 3 }), line(`${what}, slowest`, Math.max(...seconds), 's')];
};
