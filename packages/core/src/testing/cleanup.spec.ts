import { Cleanup, within } from './cleanup.js';

describe('cleaning up', () => {
  it('undoes the last first, once, and goes on after what fails or hangs', async () => {
    const cleanup = new Cleanup(20);
    const undone: string[] = [];
    cleanup.add(() => void undone.push('server'));
    cleanup.add(() => {
      throw new Error('no');
    });
    cleanup.add(() => new Promise(() => {}));
    cleanup.add(async () => Promise.reject(new Error('later no')));
    cleanup.add(() => void undone.push('client'));
    await cleanup.run();
    await cleanup.run();
    expect(undone).toEqual(['client', 'server']);
  });

  it('undoes at once what comes after the end', async () => {
    const cleanup = new Cleanup();
    await cleanup.run();
    await new Promise<void>((resolve) => cleanup.add(resolve));
  });

  it('says what took too long, and lets everything else through', async () => {
    await expect(within(new Promise(() => {}), 5, 'waiting')).rejects.toThrow('waiting took longer than 0 s');
    await expect(within(Promise.resolve(7), 1_000, 'it')).resolves.toBe(7);
    await expect(within(Promise.reject(new Error('own')), 1_000, 'it')).rejects.toThrow('own');
  });
});
