import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testDatabase } from '@postlog/core/testing';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

async function start(
  args: readonly string[],
  url: string,
): Promise<{ code: number | null; out: string; error: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'postlog-start-'));
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env: { ...process.env, DATABASE_URL: url } });
  let out = '';
  let error = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, error };
}

describe('npm start', () => {
  it('--once mails, confirms and counts every order exactly once', async () => {
    const { url, drop } = await testDatabase();
    const { code, out, error } = await start(['--once', '--orders', '40', '--customers', '8', '--port', '0'], url);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const result = JSON.parse(out.trim().split('\n').at(-1)!) as { emailProcesses: Record<string, number> };
    expect(result).toMatchObject({ orders: 40, mails: 40, confirmed: 40, analytics: 40, partitions: 4, outOfOrder: 0 });
    expect(Object.values(result.emailProcesses).reduce((sum, n) => sum + n, 0)).toBe(40);
    await drop();
  }, 60_000);

  it('--poison orders become dead letters, are seen, and are mailed after the correction', async () => {
    const { url, drop } = await testDatabase();
    const { out } = await start(['--once', '--orders', '20', '--poison', '3', '--port', '0'], url);
    expect(JSON.parse(out.trim().split('\n').at(-1)!)).toMatchObject({ deadLetters: 3, requeued: 3, mails: 20 });
    await drop();
  }, 120_000);

  it('--rolling-restart loses no order and repeats no effect', async () => {
    const { url, drop } = await testDatabase();
    const { out } = await start(['--once', '--orders', '150', '--rolling-restart', '--port', '0'], url);
    expect(JSON.parse(out.trim().split('\n').at(-1)!)).toMatchObject({ mails: 150, lost: 0, duplicatedEffects: 0 });
    await drop();
  }, 120_000);

  it('--cluster --kill-leader loses no order when the leader of most of them dies', async () => {
    // So many that some are still to come when the leader is dead.
    const cluster = ['--cluster', '--kill-leader', '--session-timeout', '2000'];
    const { code, out } = await start(['--once', '--orders', '200', '--port', '0', ...cluster], '');
    const lines = out.trim().split('\n');
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({
      orders: 200,
      mails: 200,
      confirmed: 200,
      analytics: 200,
      lost: 0,
    });
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({
      failoverMs: expect.any(Number),
      isrRestoredMs: expect.any(Number),
    });
    expect(lines.filter((line) => line.startsWith('Topic: orders.placed'))).toHaveLength(3);
    expect(code).toBe(0);
  }, 180_000);

  it('says what is wrong with an option, and exits with 2', async () => {
    expect(await start(['--order', '3'], '')).toMatchObject({
      code: 2,
      error: expect.stringContaining('did you mean --orders?') as string,
    });
  });
});
