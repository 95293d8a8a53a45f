import { NonRetriableError, type Postlog } from '@postlog/core';
import pg from 'pg';
import { insertEffects } from './business.store.js';
import { member, type Handle } from './handling.js';
import { ATTEMPTS, parseJob } from './jobs.js';
import { clientSettings, type WorkerContext } from './worker-context.js';

const QUICK = { delayMs: 20, factor: 2 } as const;
/** Then a job that fails more often is parked. */
const ATTEMPTS_IN_PLACE = 2;
const KEYS_AT_A_TIME = 3;

/** What a job says of itself. */
class PlannedError extends Error {}

/** Members of the groups whose handlers fail: the triers, with dead letters, and the parkers, which park keys where that is possible. */
export async function startFailing(context: WorkerContext, postlog: Postlog, handle: Handle): Promise<void> {
  await startTriers(context, postlog, handle);
  if (context.options.parksKeys) await startParkers(context, postlog);
}

/** In transactions. */
async function startTriers(context: WorkerContext, postlog: Postlog, handle: Handle): Promise<void> {
  const triers = await member(context, postlog, 'triers');
  await triers.run({
    transactional: true,
    partitionsConsumedConcurrently: 2,
    retry: { attempts: ATTEMPTS, ...QUICK },
    onExhausted: 'deadLetter',
    eachMessage: async ({ partition, message, transaction, attempt }) => {
      const value = String(message.value);
      await handle({ group: 'triers', partition, records: [{ offset: message.offset, value }], transaction }, () => {
        const { id, failures } = parseJob(value);
        return attempt <= failures ? Promise.reject(new PlannedError(`planned for ${id}`)) : Promise.resolve();
      });
    },
  });
}

/** Without. */
async function startParkers(context: WorkerContext, postlog: Postlog): Promise<void> {
  const { options, say } = context;
  const pool = new pg.Pool({ ...clientSettings(options), max: 2 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const parkers = await member(context, postlog, 'parkers');
  await parkers.run({
    partitionsConsumedConcurrently: 2,
    // Every other process handles several keys of a partition at the same time.
    keyConcurrency: options.seed % 2 === 0 ? KEYS_AT_A_TIME : 1,
    autoCommitInterval: 200,
    retry: { attempts: ATTEMPTS_IN_PLACE, ...QUICK },
    onExhausted: 'parkKey',
    eachMessage: async ({ partition, message, attempt }) => {
      const value = String(message.value);
      const { id, failures } = parseJob(value);
      const isDone = attempt > failures;
      say({ f: 'attempt', proc: options.name, partition, offset: Number(message.offset), attempt, isDone });
      // A handler that would never succeed says so: its job rests long.
      if (!isDone)
        throw failures === Infinity
          ? new NonRetriableError(`planned for ${id}`)
          : new PlannedError(`planned for ${id}`);
      const where = { group: 'parkers', partition, process: options.name } as const;
      await insertEffects(pool, where, [{ offset: message.offset, value }]);
    },
  });
}
