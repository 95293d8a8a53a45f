import { Cleanup } from '@postlog/core/testing';
import { ClusterRun, type ClusterOutcome } from './cluster-run.js';

async function run(plant?: string): Promise<ClusterOutcome> {
  const cleanup = new Cleanup();
  try {
    return await ClusterRun.run({
      seed: 5,
      lengthMs: 0,
      metadata: 'postgres',
      script: 'leader-dies',
      plant,
      keep: false,
      say: () => {},
      onStop: cleanup.add,
    });
  } finally {
    await cleanup.run();
  }
}

describe('a cluster whose leader dies', () => {
  it('loses nothing that was acknowledged, and goes on under another leader', async () => {
    const { verdict, anomalies, summary } = await run();
    expect(anomalies).toEqual([]);
    expect(verdict).toBe('clean');
    expect(summary).toMatchObject({ faults: { 'kill-machine': 1 }, elections: 1 });
  }, 120_000);
});
