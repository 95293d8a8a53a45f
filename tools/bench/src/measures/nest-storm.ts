import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Controller, type INestMicroservice } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { connect } from '@postlog/core';
import type { Bench, Measure } from '../bench.js';
import { startNest } from '../nest-app.js';
import { line } from '../report.js';

interface Outcome {
  readonly answered: number;
  readonly lost: number;
  readonly mixed: number;
}

const PROCESSES = 4;
const REQUESTS = 10_000;
const SCRIPT = fileURLToPath(new URL('../../dist/requests-process.js', import.meta.url));

@Controller()
class Squares {
  @MessagePattern('squares')
  square(@Payload() side: number): number {
    return side * side;
  }
}

/** Requests of several processes at once, while servers come and go: none may be lost, none may get another's answer. */
export const storm: Measure = async (bench) => {
  const url = await bench.database();
  const admin = await connect({ url, logger: null });
  bench.onStop(() => admin.close());
  await admin.admin().createTopics({ topics: [{ topic: 'squares', numPartitions: 4 }] });
  const first = await startNest(url, Squares);
  const each = Math.ceil(Math.min(REQUESTS, bench.sizes.records / 10) / PROCESSES);
  const startedAt = performance.now();
  let isDone = false;
  const asked = Promise.all(
    Array.from({ length: PROCESSES }, (_, process) => ask(bench, [url, String(each), String(process * each)])),
  ).finally(() => (isDone = true));
  const others = comeAndGo(url, () => isDone);
  const outcomes = await asked;
  const seconds = (performance.now() - startedAt) / 1_000;
  bench.say(`servers came and went ${await others} times`);
  await first.close();
  await admin.close();
  const sum = (name: keyof Outcome) => outcomes.reduce((total, outcome) => total + outcome[name], 0);
  return [
    line(`requests answered, from ${PROCESSES} processes`, sum('answered'), '', { atLeast: PROCESSES * each }),
    line('requests lost', sum('lost'), '', { atMost: 0 }),
    line('requests with an answer to another', sum('mixed'), '', { atMost: 0 }),
    line('requests/s, with the start of the processes', sum('answered') / seconds, '/s'),
  ];
};

async function comeAndGo(url: string, isDone: () => boolean): Promise<number> {
  let times = 0;
  while (!isDone()) {
    const other: INestMicroservice = await startNest(url, Squares);
    await other.close();
    times += 1;
  }
  return times;
}

function ask(bench: Bench, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [SCRIPT, ...args], (error, stdout) => {
      if (error === null) resolve(JSON.parse(stdout) as Outcome);
      else reject(error);
    });
    bench.onStop(() => void child.kill());
  });
}
