import type { Server } from 'node:http';
import { createServer } from 'node:net';

/** Listens on loopback; answers the port. */
export function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

/** The wanted port if nobody has it, else a free one. */
export async function availablePort(wanted: number): Promise<number> {
  return (await isFree(wanted)) ? wanted : ((await probe(0)) ?? 0);
}

async function isFree(port: number): Promise<boolean> {
  return port !== 0 && (await probe(port)) === port;
}

function probe(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const { port: got } = server.address() as { port: number };
      server.close(() => resolve(got));
    });
  });
}
