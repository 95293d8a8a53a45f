import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '@postlog/core/testing';
import type { Arguments } from './arguments.js';
import { startChild, type Child } from './child.js';
import { startInbox, type Inbox } from './inbox.js';
import { availablePort } from './ports.js';

/** Everything that `npm start` runs, ready. */
export interface Shop {
  readonly ordersUrl: string;
  readonly databaseUrl: string;
  readonly inbox: Inbox;
  readonly emailServices: readonly Child[];
  /** Rejects when a service ends that should not. */
  readonly broken: Promise<never>;
  readonly stop: () => Promise<void>;
}

export const PARTITIONS = 4;
const SESSION_TIMEOUT_MS = 6_000;
const LOG_DIR = '.postlog/logs';

const scriptOf = (app: string) => fileURLToPath(new URL(`../../../apps/${app}/dist/main.js`, import.meta.url));

/**
 * Starts the parts one after another and waits for each. `onStop` is told how to undo a part as soon as it runs, so that an
 * interruption in between leaves nothing behind.
 */
export async function openShop(
  args: Arguments,
  say: (line: string) => void,
  onStop: (undo: () => Promise<void>) => void,
): Promise<Shop> {
  const databaseUrl = await startDatabase(args, say, onStop);
  const inbox = await startInbox();
  onStop(() => inbox.close());

  const port = await availablePort(args.port);
  if (args.port !== 0 && port !== args.port) say(`port ${args.port} is taken, the order service gets ${port}`);
  const shared = {
    DATABASE_URL: databaseUrl,
    SESSION_TIMEOUT_MS: String(SESSION_TIMEOUT_MS),
    PARTITIONS: String(PARTITIONS),
  };
  const start = (name: string, app: string, env: Record<string, string>) => {
    const child = startChild(name, { script: scriptOf(app), env: { ...shared, ...env }, logDir: LOG_DIR });
    onStop(() => child.stop());
    return child;
  };

  say('starting the order service …');
  const orders = start('order-service', 'order-service', { PORT: String(port) });
  await whenReady(orders);
  say('starting two email services …');
  const emailServices = ['email-1', 'email-2'].map((id) =>
    start(id, 'email-service', { PROCESS_ID: id, SMTP_URL: inbox.smtpUrl }),
  );
  await Promise.all(emailServices.map(whenReady));
  return {
    ordersUrl: `http://127.0.0.1:${port}`,
    databaseUrl,
    inbox,
    emailServices,
    broken: whenBroken([orders, ...emailServices]),
    stop: async () => {
      await Promise.all([orders, ...emailServices].map((child) => child.stop()));
    },
  };
}

async function startDatabase(
  args: Arguments,
  say: (line: string) => void,
  onStop: (undo: () => Promise<void>) => void,
): Promise<string> {
  const given = process.env['DATABASE_URL'];
  if (given !== undefined && given !== '') {
    say('using the Postgres of DATABASE_URL');
    return given;
  }
  say(`starting Postgres in ${args.dataDir} …`);
  const server = await startEmbeddedPostgres({ dataDir: args.dataDir });
  onStop(() => server.stop());
  return server.createDatabase('shop');
}

function whenReady(child: Child): Promise<void> {
  return child.ready.catch((error: unknown) => {
    throw new Error(`${(error as Error).message}; its last lines:\n${child.lastLines()}`);
  });
}

function whenBroken(children: readonly Child[]): Promise<never> {
  const broken = Promise.race(
    children.map((child) =>
      child.ended.then(() => {
        if (child.isExpectedToEnd) return new Promise<never>(() => {});
        throw new Error(`${child.name} ended unexpectedly; its last lines:\n${child.lastLines()}`);
      }),
    ),
  );
  broken.catch(() => {});
  return broken;
}
