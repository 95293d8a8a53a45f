import type { Measure } from '../bench.js';
import { openGroupWorld, sendSteadily, TOPIC, untilStable } from '../group-workload.js';
import { MemberProcess } from '../member-processes.js';
import { line } from '../report.js';

const RECORDS_PER_PARTITION = 20;
const WINDOW_MS = 1_000;
const WARM_UP_MS = 2_000;

/** One member's process is killed: how soon its partitions are read again, and what the others notice of it. */
export const kill: Measure = async (bench) => {
  const { partitions, processes, membersPerProcess, sessionTimeout } = bench.sizes.group;
  const { url, postlog } = await openGroupWorld(bench);
  const groupId = 'kill';
  const timing = { sessionTimeout, heartbeatInterval: Math.round(sessionTimeout / 6) };
  const start = (count: number) =>
    MemberProcess.start(bench, {
      url,
      topic: TOPIC,
      timing,
      members: Array.from({ length: count }, () => ({ groupId })),
    });
  // The victim is a process with one member; the others share the rest.
  const total = processes * membersPerProcess;
  const others = await Promise.all(
    Array.from({ length: processes - 1 }, (_, place) =>
      start(Math.floor((total - 1) / (processes - 1)) + (place < (total - 1) % (processes - 1) ? 1 : 0)),
    ),
  );
  const victim = await start(1);
  for (const each of [...others, victim]) each.go();
  await untilStable(postlog, groupId, total, partitions);

  const victims = new Set<number>();
  victim.onHandled = (handled) => {
    for (const [partition] of handled) victims.add(partition);
  };
  let killedAt = Infinity;
  const readAgainAt = new Map<number, number>();
  const byWindow = new Map<number, number>();
  for (const each of others) {
    each.onHandled = (handled) => {
      const now = performance.now();
      for (const [partition, records] of handled) {
        if (victims.has(partition)) {
          if (now > killedAt && !readAgainAt.has(partition)) readAgainAt.set(partition, now);
        } else {
          const window = Math.floor(now / WINDOW_MS);
          byWindow.set(window, (byWindow.get(window) ?? 0) + records);
        }
      }
    };
  }
  const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms));
  const stopSending = sendSteadily(postlog, partitions, partitions * RECORDS_PER_PARTITION);
  await pause(WARM_UP_MS);
  const steadyFrom = performance.now();
  await pause(4 * WINDOW_MS);
  bench.say(`killing a member with ${victims.size} of ${partitions} partitions`);
  killedAt = performance.now();
  await victim.end('SIGKILL');
  const deadline = killedAt + sessionTimeout + 30_000;
  while (readAgainAt.size < victims.size && performance.now() < deadline) await pause(10);
  await pause(2 * WINDOW_MS);
  const endedAt = performance.now();
  await stopSending();
  await Promise.all(others.map((each) => each.end('SIGTERM')));

  const rates = (from: number, to: number) =>
    [...byWindow]
      .filter(([window]) => window * WINDOW_MS >= from && (window + 1) * WINDOW_MS <= to)
      .map(([, count]) => count);
  const before = rates(steadyFrom, killedAt);
  const usual = before.reduce((sum, count) => sum + count, 0) / before.length;
  const lost = victims.size - readAgainAt.size;
  const slowest = lost > 0 ? Infinity : Math.max(...readAgainAt.values()) - killedAt;
  return [
    line(
      `a member is killed: all its partitions are read again, beyond the session of ${sessionTimeout / 1_000} s`,
      Math.max(0, slowest - sessionTimeout) / 1_000,
      's',
      { atMost: 1 },
    ),
    line('meanwhile the others, slowest second ÷ usual', Math.min(...rates(killedAt, endedAt)) / usual, 'ratio', {
      atLeast: 0.8,
    }),
  ];
};
