import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockClusterFolder, openClusterFolder } from './cluster-folder.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'postlog-folder-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('the folder of a cluster', () => {
  it('remembers ports, so that the next start finds the same cluster', async () => {
    const first = await openClusterFolder(dir, { metadata: 'etcd' });
    expect(first.brokerPorts).toHaveLength(3);
    expect(await openClusterFolder(dir, {})).toEqual(first);
    const grown = await openClusterFolder(dir, { brokers: 4 });
    expect(grown.brokerPorts.slice(0, 3)).toEqual(first.brokerPorts);
    expect(await openClusterFolder(dir, {})).toEqual(grown);
  });

  it.each([{ brokers: 2 }, { metadata: 'etcd' as const }])(
    'is not started as %j when it is another',
    async (wanted) => {
      await openClusterFolder(dir, {});
      await expect(openClusterFolder(dir, wanted)).rejects.toThrow('3 brokers with its metadata in postgres');
    },
  );

  it('belongs to one living process', async () => {
    const release = await lockClusterFolder(dir);
    await release();
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
    await writeFile(join(dir, 'pid'), String(other.pid));
    await expect(lockClusterFolder(dir)).rejects.toThrow(`process ${other.pid} runs the cluster`);
    other.kill('SIGKILL');
    await new Promise((resolve) => other.once('exit', resolve));
    await expect(lockClusterFolder(dir)).resolves.toBeInstanceOf(Function);
  });
});
