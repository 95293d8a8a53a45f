import { randomOf } from '../schedule.js';
import { jobValue, nextJob, parseJob } from './jobs.js';

const jobsOf = (seed: number) => {
  const random = randomOf(seed);
  return Array.from({ length: 500 }, (_, number) => nextJob('p1.jobs', number, random));
};

describe('jobs', () => {
  it('are the same for the same seed, and each is in its value', () => {
    expect(jobsOf(1)).toEqual(jobsOf(1));
    expect(jobsOf(1)).not.toEqual(jobsOf(2));
    for (const job of jobsOf(1)) expect(parseJob(jobValue(job))).toEqual(job);
  });

  it('fail never, sometimes or always, and a few have no key', () => {
    const failures = new Set(jobsOf(1).map((job) => job.failures));
    expect([...failures].sort((one, other) => one - other)).toEqual([0, 1, 2, 3, Infinity]);
    expect(jobsOf(1).filter(({ key }) => key === null).length).toBeGreaterThan(10);
    expect(jobsOf(1).filter(({ key }) => key === 'p1.jobs.3').length).toBeGreaterThan(2);
  });
});
