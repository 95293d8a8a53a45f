/**
 * One broker of a run's cluster, in a process of its own, as `postlog broker` runs it. Told by the arguments that
 * `ClusterProcesses` gives, and by one of ours: `--settings`, JSON of `BrokerSettings`.
 */
import { parseArgs } from 'node:util';
import { startBroker, type Logger } from '@postlog/core';
import type { BrokerSettings } from './world.js';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { id: text, url: text, metadata: text, settings: text, peer: { type: 'string', multiple: true } },
});
const settings = JSON.parse(values.settings!) as BrokerSettings;
const metadata = values.metadata!;
const say = (level: string) => (message: string, detail?: object) =>
  void process.stdout.write(
    `${Date.now()} ${level} ${message} ${detail === undefined ? '' : JSON.stringify(detail)}\n`,
  );
const logger: Logger = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };

const broker = await startBroker({
  ...settings,
  id: Number(values.id),
  url: values.url!,
  metadata: metadata.startsWith('etcd:') ? { etcd: metadata.slice('etcd:'.length).split(',') } : { url: metadata },
  peers: Object.fromEntries(
    (values.peer ?? []).map((peer) => [Number(peer.slice(0, peer.indexOf('='))), peer.slice(peer.indexOf('=') + 1)]),
  ),
  logger,
});
process.on('SIGTERM', () => void broker.stop());
void broker.inService.then(() => say('info')(`broker ${broker.id} is in service`));
// Whoever watches is gone: nobody would end us.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && process.exit(1), 1_000).unref();
const error = await broker.ended;
if (error !== undefined) say('error')('it ended', { reason: error.message });
process.exit(error === undefined ? 0 : 1);
