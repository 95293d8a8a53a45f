import { fileURLToPath } from 'node:url';
import { startServiceProcess, type ServiceProcess } from '@postlog/core/testing';
import type { Arguments } from './arguments.js';
import { EmailService } from './email-service.js';
import { startInbox, type Inbox } from './inbox.js';
import { startLogServers, type LogServers } from './log-servers.js';
import { availablePort } from './ports.js';

/** Everything that `npm start` runs, ready. */
export interface Shop {
  readonly ordersUrl: string;
  readonly servers: LogServers;
  readonly inbox: Inbox;
  readonly emailServices: readonly EmailService[];
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
  const servers = await startLogServers(args, say, onStop);
  const inbox = await startInbox();
  onStop(() => inbox.close());

  const port = await availablePort(args.port);
  if (args.port !== 0 && port !== args.port) say(`port ${args.port} is taken, the order service gets ${port}`);
  const shared = {
    ...servers.environment,
    SESSION_TIMEOUT_MS: String(SESSION_TIMEOUT_MS),
    PARTITIONS: String(PARTITIONS),
  };
  const start = (name: string, app: string, env: Record<string, string>) => {
    const child = startServiceProcess({
      name,
      script: scriptOf(app),
      env: { ...shared, ...env },
      logFile: `${LOG_DIR}/${name}.log`,
      readyWhen: 'is ready',
    });
    onStop(() => child.stop());
    return child;
  };

  say('starting the order service …');
  const orders = start('order-service', 'order-service', { PORT: String(port) });
  await orders.ready;
  say('starting two email services …');
  let onBroken = (_error: unknown) => {};
  const brokenEmails = new Promise<never>((_, reject) => (onBroken = reject));
  brokenEmails.catch(() => {});
  const emailServices = ['email-1', 'email-2'].map(
    (id) =>
      new EmailService(id, (env) => {
        const child = start(id, 'email-service', { PROCESS_ID: id, SMTP_URL: inbox.smtpUrl, ...env });
        whenBroken([child]).catch(onBroken);
        return child;
      }),
  );
  await Promise.all(emailServices.map(({ ready }) => ready));
  return {
    ordersUrl: `http://127.0.0.1:${port}`,
    servers,
    inbox,
    emailServices,
    broken: Promise.race([servers.broken, brokenEmails, whenBroken([orders])]),
    stop: async () => {
      await Promise.all([orders, ...emailServices].map((child) => child.stop()));
    },
  };
}

function whenBroken(children: readonly ServiceProcess[]): Promise<never> {
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
