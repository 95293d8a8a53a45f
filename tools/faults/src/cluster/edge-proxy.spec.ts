import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { EdgeProxy } from './edge-proxy.js';

/** A server that writes down what it is asked and answers each request with `re:` before it. */
async function world() {
  const asked: string[] = [];
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      asked.push(String(data));
      socket.write(`re:${String(data)}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = await EdgeProxy.open();
  const url = proxy.pointTo(`http://127.0.0.1:${(server.address() as { port: number }).port}/x`);
  const client = connect(Number(new URL(url).port), '127.0.0.1');
  client.on('error', () => {});
  await once(client, 'connect');
  const end = async () => {
    client.destroy();
    await proxy.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { asked, proxy, client, end };
}

const answer = async (client: Socket) => String((await once(client, 'data'))[0]);
async function ask(client: Socket, text: string): Promise<string> {
  client.write(text);
  return answer(client);
}
const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};

describe('an edge', () => {
  it('passes everything on while it is whole', async () => {
    const { client, end } = await world();
    expect(await ask(client, 'one')).toBe('re:one');
    await end();
  });

  it('lets requests pass and holds replies back, which arrive late', async () => {
    const { client, proxy, asked, end } = await world();
    proxy.cut('replies');
    client.write('one');
    await until(() => asked.length === 1);
    const late = answer(client);
    proxy.heal('late');
    expect(await late).toBe('re:one');
    await end();
  });

  it('holds requests back, and delivers them late even when who asked has gone', async () => {
    const { client, proxy, asked, end } = await world();
    expect(await ask(client, 'one')).toBe('re:one');
    proxy.cut('requests');
    client.write('two');
    client.end();
    await once(client, 'close');
    expect(asked).toEqual(['one']);
    proxy.heal('late');
    await until(() => asked.length === 2);
    expect(asked).toEqual(['one', 'two']);
    await end();
  });

  it('resets what it held back, when it heals like that', async () => {
    const { client, proxy, asked, end } = await world();
    expect(await ask(client, 'one')).toBe('re:one');
    proxy.cut('both');
    client.write('two');
    await until(() => proxy.holdsBack);
    proxy.heal('reset');
    await once(client, 'close');
    expect(asked).toEqual(['one']);
    await end();
  });

  it('loses the answer to a request that was done, and the connection with it', async () => {
    const { client, proxy, asked, end } = await world();
    proxy.trap(['commit'], 'reset');
    expect(await ask(client, 'begin')).toBe('re:begin');
    client.write('commit');
    await once(client, 'close');
    expect(asked).toEqual(['begin', 'commit']);
    await end();
  });

  it('is cut once a request with a text has passed', async () => {
    const { client, proxy, asked, end } = await world();
    proxy.trap(['commit', 'it'], 'cut');
    client.write('commit');
    await until(() => asked.length === 1);
    expect(proxy.isCut).toBe(true);
    await end();
  });
});
