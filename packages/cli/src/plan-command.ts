import type { Command } from 'commander';
import { PostlogError } from '@postlog/core';
import { number, wholeNumber } from './arguments.js';
import type { Output } from './attached.js';
import { json } from './json.js';
import { planGroup, type Plan, type PlanInput } from './plan.js';

export function addPlan(program: Command, { out }: Output): void {
  program
    .command('plan')
    .description('how many partitions and members a measured handler needs; connects to nothing')
    .requiredOption('--rate <n>', 'records a second that arrive, at the busiest', number)
    .requiredOption('--handler-ms <n>', 'milliseconds that the handler takes for a record, on average', number)
    .option('--utilization <part>', 'part of the time that handlers may be at work', number, 0.7)
    .option('--concurrent-partitions <n>', 'partitionsConsumedConcurrently of a member', wholeNumber, 1)
    .option('--key-concurrency <n>', 'keyConcurrency of a member', wholeNumber, 1)
    .option('--growth <factor>', 'how many times this rate the partitions shall be enough for', number, 2)
    .option('--spare <n>', 'members that may be missing', wholeNumber, 1)
    .option('--json', 'as JSON')
    .action(({ json: asJson, ...input }: PlanInput & { json?: boolean }) => {
      check(input);
      const plan = planGroup(input);
      out(asJson === true ? json(plan) : explain(input, plan));
    });
}

function check({ rate, handlerMs, utilization, concurrentPartitions, keyConcurrency, growth }: PlanInput): void {
  if (utilization <= 0 || utilization > 0.95) throw wrong('--utilization', 'above 0 and at most 0.95');
  if (rate <= 0) throw wrong('--rate', 'above 0');
  if (handlerMs <= 0) throw wrong('--handler-ms', 'above 0');
  if (growth < 1) throw wrong('--growth', 'from 1 on');
  if (concurrentPartitions < 1) throw wrong('--concurrent-partitions', 'from 1 on');
  if (keyConcurrency < 1) throw wrong('--key-concurrency', 'from 1 on');
}

function wrong(option: string, cure: string): PostlogError {
  return new PostlogError('INVALID_CONFIG', `${option}: give a number ${cure}.`);
}

function explain({ rate, handlerMs, utilization, growth, spare }: PlanInput, plan: Plan): string {
  const rounded = (value: number) => Math.round(value * 10) / 10;
  return [
    `${rate} records/s of ${handlerMs} ms keep ${rounded(plan.callsInFlight)} handler calls at work; at ${utilization * 100} % that takes ${plan.lanes} at the same time.`,
    `partitions: ${plan.partitions} (enough for ${growth} times the rate with more members; keys move when it is raised)`,
    `members:    ${plan.members} (${spare} of them spare)`,
    `capacity:   ${rounded(plan.capacity)} records/s, ${rounded(plan.capacityWithoutSpare)} with the spare missing`,
    `after a standstill of a minute the group has caught up in ${Math.ceil(plan.catchUpSeconds)} s`,
    '',
  ].join('\n');
}
