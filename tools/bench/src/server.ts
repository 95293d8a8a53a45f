import { startEmbeddedPostgres, type Undo } from '@postlog/core/testing';

/** The Postgres that is measured: the embedded one, with fsync and synchronous commit on, as it comes. */
export async function startServer(onStop: (undo: Undo) => void): Promise<{ database(): Promise<string> }> {
  const starting = startEmbeddedPostgres({ settings: { max_connections: '200' } });
  // Registered before it is up: an interruption meanwhile waits for it, then stops it.
  onStop(async () => (await starting).stop());
  const server = await starting;
  let databases = 0;
  return { database: () => server.createDatabase(`bench_${databases++}`) };
}
