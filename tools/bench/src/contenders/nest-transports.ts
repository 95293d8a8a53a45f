import { createConnection } from 'node:net';
import { Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { freePort } from '@postlog/core/testing';
import type { Bench } from '../bench.js';
import { onPath, startServer } from './process.js';

/** A transport of Nest's own, with a server of its own on loopback. */
export interface NestTransport {
  readonly name: string;
  readonly options: MicroserviceOptions;
  close(): Promise<void>;
}

/** Those whose servers are on the PATH; what is missing is told. */
export async function nestTransports(bench: Bench): Promise<NestTransport[]> {
  const transports: NestTransport[] = [];
  for (const [name, program, start] of [
    ['NATS', 'nats-server', nats],
    ['Redis', 'redis-server', redis],
  ] as const) {
    const path = onPath(program);
    if (path === undefined) bench.skip(`Nest's ${name} transport`, `no ${program} on the PATH`);
    else transports.push(await start(path, bench.onStop));
  }
  return transports;
}

async function nats(program: string, onStop: Bench['onStop']): Promise<NestTransport> {
  const port = await freePort();
  const server = await startServer(program, onStop, () => ['--addr', '127.0.0.1', '--port', String(port)]);
  await server.untilReady(() => reach(port));
  const servers = [`nats://127.0.0.1:${port}`];
  return { name: 'NATS', options: { transport: Transport.NATS, options: { servers } }, close: server.stop };
}

async function redis(program: string, onStop: Bench['onStop']): Promise<NestTransport> {
  const port = await freePort();
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--save', ''];
  const server = await startServer(program, onStop, (folder) => [...place, '--dir', folder]);
  await server.untilReady(() => reach(port));
  return {
    name: 'Redis',
    options: { transport: Transport.REDIS, options: { host: '127.0.0.1', port } },
    close: server.stop,
  };
}

function reach(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
