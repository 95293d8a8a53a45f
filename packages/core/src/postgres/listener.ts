import type pg from 'pg';
import type { Clock } from '../runtime/clock.js';
import { DEFAULT_RETRY } from '../runtime/backoff.js';
import { withDeadline } from '../runtime/deadline.js';
import { createDeferred } from '../runtime/deferred.js';
import { startLoop, type Loop } from '../runtime/run-loop.js';
import type { Database } from './database.js';

export interface ListenerOptions {
  readonly database: Database;
  readonly channel: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** What others notified. */
  readonly onPayload: (payload: string) => void;
  /** Whether notifications arrive now. After a change nothing is known: look everywhere again. */
  readonly onLive: (isLive: boolean) => void;
  readonly onError: (error: unknown) => void;
}

/** How long the listener waits for its own probe; through a pooler in transaction mode it never comes. */
const PROBE_DEADLINE_MS = 2_000;
const PROBE_EVERY_MS = 10_000;
/** Where LISTEN does not work, it is tried again this rarely. */
const UNHEARD_REST_MS = 300_000;

/**
 * Hears `NOTIFY` on a connection of its own. A notification only shortens a wait, so nothing depends on it: every few
 * seconds the listener sends itself a probe, and says when probes do not arrive (a pooler stands between, or the
 * connection is half dead), so that the callers poll more often.
 */
export function startListener(options: ListenerOptions): Loop {
  let client: pg.Client | undefined;
  let isLive = false;
  let heard = createDeferred<void>();

  const setLive = (now: boolean) => {
    if (now === isLive) return;
    isLive = now;
    options.onLive(now);
  };
  const drop = async () => {
    setLive(false);
    const gone = client;
    client = undefined;
    await withDeadline(options.clock, 1_000, gone?.end() ?? Promise.resolve(), () => {}).catch(() => {});
  };
  const open = async () => {
    const fresh = options.database.createClient();
    fresh.on('error', options.onError);
    fresh.on('end', () => {
      if (client === fresh) void drop().then(() => loop.wake());
    });
    fresh.on('notification', ({ payload = '' }) => {
      if (payload === 'probe') heard.resolve();
      else options.onPayload(payload);
    });
    await fresh.connect();
    client = fresh;
    await fresh.query(`listen ${options.channel}`);
  };
  const step = async (): Promise<number> => {
    try {
      if (client === undefined) await open();
      heard = createDeferred<void>();
      const probe = client!.query(`notify ${options.channel}, 'probe'`).then(() => heard.promise);
      const arrived = await withDeadline(
        options.clock,
        PROBE_DEADLINE_MS,
        probe.then(() => true),
        () => false,
      );
      if (arrived) setLive(true);
      else await drop();
      return arrived ? PROBE_EVERY_MS : UNHEARD_REST_MS;
    } catch (error) {
      await drop();
      throw error;
    }
  };

  const loop = startLoop({
    clock: options.clock,
    random: options.random,
    retry: DEFAULT_RETRY,
    onError: options.onError,
    step,
  });
  return {
    wake: loop.wake,
    stop: async () => {
      const stopped = loop.stop();
      await drop();
      await stopped;
      await drop(); // What it was about to open.
    },
  };
}
