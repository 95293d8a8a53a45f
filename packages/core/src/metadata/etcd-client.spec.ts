import { manualClock } from '../testing/manual-clock.js';
import { EtcdClient } from './etcd-client.js';

type Answer = { readonly status?: number; readonly body: unknown } | { readonly code: string } | 'silence';

/** A client whose requests get these answers, by endpoint; what it asked is noted. */
function clientWith(answers: Readonly<Record<string, Answer>>) {
  const asked: string[] = [];
  const clock = manualClock();
  const send = ((url: string, { signal }: { signal: AbortSignal }) => {
    const { origin } = new URL(url);
    asked.push(origin.slice('http://'.length));
    const answer = answers[origin.slice('http://'.length)]!;
    if (answer === 'silence') {
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    }
    if ('code' in answer) return Promise.reject(new TypeError('fetch failed', { cause: answer }));
    return Promise.resolve(new Response(JSON.stringify(answer.body), { status: answer.status ?? 200 }));
  }) as unknown as typeof fetch;
  const endpoints = Object.keys(answers).map((host) => `http://${host}`);
  const client = new EtcdClient({ endpoints, requestTimeout: 3_000, clock, fetch: send });
  const ask = (isRepeatable: boolean) => client.ask('/v3/kv/txn', {}, { isRepeatable });
  return { asked, clock, ask };
}

const good: Answer = { body: { header: {} } };
const refused: Answer = { code: 'ECONNREFUSED' };
const broken: Answer = { code: 'ECONNRESET' };

describe('asking etcd', () => {
  it('goes on to the next endpoint when nothing was sent, and stays with the one that answered', async () => {
    const { ask, asked } = clientWith({ a: refused, b: good });
    expect(await ask(false)).toEqual({ header: {} });
    await ask(false);
    expect(asked).toEqual(['a', 'b', 'b']);
  });

  it('does not send again what may have had an effect, but turns to another endpoint next time', async () => {
    const { ask, asked } = clientWith({ a: broken, b: good });
    await expect(ask(false)).rejects.toMatchObject({ code: 'NETWORK_EXCEPTION', outcome: 'unknown' });
    await ask(false);
    expect(asked).toEqual(['a', 'b']);
  });

  it('sends a reading again', async () => {
    const { ask, asked } = clientWith({ a: broken, b: good });
    expect(await ask(true)).toEqual({ header: {} });
    expect(asked).toEqual(['a', 'b']);
  });

  it('gives up when every endpoint was asked once', async () => {
    const { ask, asked } = clientWith({ a: refused, b: refused });
    await expect(ask(true)).rejects.toMatchObject({ code: 'NETWORK_EXCEPTION', outcome: 'failed' });
    expect(asked).toEqual(['a', 'b']);
  });

  it('does not wait beyond the deadline', async () => {
    const { ask, clock } = clientWith({ a: 'silence' });
    const asking = ask(false);
    clock.advance(3_000);
    await expect(asking).rejects.toMatchObject({ code: 'REQUEST_TIMED_OUT', outcome: 'unknown' });
  });

  it.each([
    [400, 3, 'etcdserver: request is too large', 'MESSAGE_TOO_LARGE', 'failed'],
    [400, 3, 'etcdserver: duplicate key given in txn request', 'INVALID_REQUEST', 'failed'],
    [404, 5, 'etcdserver: requested lease not found', 'INVALID_REQUEST', 'failed'],
    [429, 8, 'etcdserver: mvcc: database space exceeded', 'KAFKA_STORAGE_ERROR', 'failed'],
    [401, 16, 'etcdserver: invalid auth token', 'CLUSTER_AUTHORIZATION_FAILED', 'failed'],
    [503, 14, 'etcdserver: request timed out', 'REQUEST_TIMED_OUT', 'unknown'],
    [503, 14, 'etcdserver: leader changed', 'NETWORK_EXCEPTION', 'unknown'],
    [502, undefined, undefined, 'NETWORK_EXCEPTION', 'unknown'],
  ])('translates status %i with code %s: %s', async (status, code, message, expected, outcome) => {
    const { ask } = clientWith({ a: { status, body: { code, message } } });
    await expect(ask(false)).rejects.toMatchObject({ code: expected, outcome });
  });

  it.each(['127.0.0.1:2379', 'ftp://a', 'http://user:secret@a:2379', 'http://a:2379/v3', ''])(
    'refuses the endpoint %j, and does not repeat it',
    (endpoint) => {
      const open = () => new EtcdClient({ endpoints: [endpoint], requestTimeout: 1, clock: manualClock() });
      expect(open).toThrow(/\[INVALID_CONFIG\] an etcd endpoint is written/);
      expect(open).not.toThrow(/secret/);
    },
  );

  it('refuses to start without an endpoint', () => {
    expect(() => new EtcdClient({ endpoints: [], requestTimeout: 1, clock: manualClock() })).toThrow('at least one');
  });
});
