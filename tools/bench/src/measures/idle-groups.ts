import type { Measure } from '../bench.js';
import { openClient } from '../client.js';
import { openGroupWorld, TOPIC } from '../group-workload.js';
import { MemberProcess } from '../member-processes.js';
import { serverCpuMs } from '../server-cpu.js';
import { line } from '../report.js';

const SETTLE_MS = 10_000;

/** What groups cost that have nothing to do: one member each, with default timing, on one topic. */
export const idleGroups: Measure = async (bench) => {
  const { processes, idleGroups: groups, idleSeconds } = bench.sizes.group;
  const { url, postlog } = await openGroupWorld(bench, 1);
  const client = await openClient(bench, url);
  const perProcess = groups / processes;
  const members = await Promise.all(
    Array.from({ length: processes }, (_, place) =>
      MemberProcess.start(bench, {
        url,
        topic: TOPIC,
        timing: {},
        members: Array.from({ length: perProcess }, (_member, number) => ({ groupId: `idle-${place}-${number}` })),
      }),
    ),
  );
  for (const each of members) each.go();
  const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms));
  for (;;) {
    const { groups: found } = await postlog.admin().listGroups();
    if (found.filter(({ state }) => state === 'Stable').length === groups) break;
    await pause(200);
  }
  bench.say(`${groups} groups are there; resting, then ${idleSeconds} s of nothing`);
  await pause(Math.min(SETTLE_MS, idleSeconds * 1_000));
  const used = async () => {
    const clients = await Promise.all(members.map((each) => each.cpuMs()));
    return { server: await serverCpuMs(client), clients: clients.reduce((sum, ms) => sum + ms, 0) };
  };
  const before = await used();
  const startedAt = performance.now();
  await pause(idleSeconds * 1_000);
  const after = await used();
  const elapsed = performance.now() - startedAt;
  await Promise.all(members.map((each) => each.end('SIGTERM')));
  const server = ((after.server - before.server) / elapsed) * 100;
  const clients = ((after.clients - before.clients) / elapsed) * 100;
  const what = `${groups} idle groups in ${processes} processes`;
  return [
    line(`${what}, server and clients`, server + clients, '% of a core', { atMost: 5 }),
    line(`${what}, server`, server, '% of a core'),
    line(`${what}, clients`, clients, '% of a core'),
  ];
};
