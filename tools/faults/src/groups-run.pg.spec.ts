import { Cleanup, databaseWithSchema } from '@postlog/core/testing';
import { GroupsRun, type GroupsOutcome } from './groups-run.js';

async function run(plant?: string): Promise<GroupsOutcome> {
  const { url, drop } = await databaseWithSchema();
  const cleanup = new Cleanup();
  const outcome = await GroupsRun.run({
    url,
    seed: 5,
    lengthMs: 6_000,
    processes: 3,
    partitions: 4,
    rate: 100,
    sessionTimeout: 1_000,
    handlerMs: 4,
    plant,
    say: () => {},
    onStop: cleanup.add,
  });
  await cleanup.run();
  await drop();
  return outcome;
}

describe('a short run under faults', () => {
  it('is clean', async () => {
    const { verdict, anomalies, summary } = await run();
    expect(anomalies).toEqual([]);
    expect(verdict).toBe('clean');
    expect(Object.keys(summary['faults'] as object).length).toBeGreaterThan(0);
  }, 60_000);

  it('finds a fault that was planted', async () => {
    const { verdict, summary } = await run('commit-past-unfinished');
    expect(verdict).toBe('anomalies');
    expect(summary['anomalies']).toHaveProperty('A17');
  }, 60_000);
});
