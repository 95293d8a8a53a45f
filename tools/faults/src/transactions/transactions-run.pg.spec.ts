import { rm } from 'node:fs/promises';
import { Cleanup, startEmbeddedPostgres } from '@postlog/core/testing';
import { oneBroker } from './world.js';
import { TransactionsRun, type TransactionsRunOutcome } from './transactions-run.js';

async function run(lengthMs: number, plant?: string): Promise<TransactionsRunOutcome> {
  const cleanup = new Cleanup();
  const server = await startEmbeddedPostgres({ settings: { max_connections: '200' } });
  cleanup.add(() => server.stop());
  try {
    return await TransactionsRun.run({
      world: await oneBroker(server),
      seed: 12,
      lengthMs,
      processes: 3,
      sessionTimeoutMs: 1_500,
      plant,
      keep: false,
      say: () => {},
      onStop: cleanup.add,
    });
  } finally {
    await cleanup.run();
  }
}

describe('a short run of transactions under faults', () => {
  it('has no anomaly', async () => {
    const { anomalies, summary } = await run(4_000);
    expect(anomalies).toEqual([]);
    expect(Object.keys(summary['faults'] as object).length).toBeGreaterThan(0);
  }, 120_000);

  it('finds a fault that was planted', async () => {
    const { verdict, summary, folder } = await run(1_500, 'offset-outside-transaction');
    expect(verdict).toBe('anomalies');
    expect(summary['anomalies']).toHaveProperty('A15');
    await rm(folder!, { recursive: true, force: true });
  }, 120_000);
});
