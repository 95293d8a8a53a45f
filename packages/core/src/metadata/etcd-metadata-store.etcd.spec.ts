import { systemClock } from '../runtime/clock.js';
import { systemRandom } from '../runtime/random.js';
import { freePort } from '../testing/free-port.js';
import { findEtcd, startEtcd, type EtcdServer } from '../testing/etcd-server.js';
import { EtcdMetadataStore } from './etcd-metadata-store.js';
import { describeMetadataStore } from './metadata-store.cases.js';

const isPut = (request?: RequestInit) => typeof request?.body === 'string' && request.body.includes('request_put');

const binary = await findEtcd();

(binary === undefined ? describe.skip : describe)('the metadata store in etcd', () => {
  let server: EtcdServer;
  let nobody: string;
  let clusters = 0;
  beforeAll(async () => {
    nobody = `http://127.0.0.1:${await freePort()}`;
    server = await startEtcd(binary!);
  });
  afterAll(() => server.stop());

  const openStore = (cluster: string, send: typeof fetch = fetch, requestTimeout = 5_000) =>
    new EtcdMetadataStore({
      endpoints: [nobody, server.url],
      requestTimeout,
      clock: systemClock,
      fetch: send,
      cluster,
      random: systemRandom,
      onError: () => {},
    });

  describeMetadataStore(async () => {
    const cluster = `cluster-${++clusters}`;
    const store = openStore(cluster);
    const another = openStore(cluster);
    return {
      store,
      another,
      ttlMs: 1_500,
      pause: () => systemClock.sleep(75),
      close: async () => void (await Promise.all([store.close(), another.close()])),
    };
  });

  const put = (store: EtcdMetadataStore, key: string) => store.commit([{ key, expectedRevision: 0n, value: '1' }]);
  const keys = async (store: EtcdMetadataStore) => (await store.list('')).entries.map(({ key }) => key);

  it('answers unknown when the answer to a commit is lost, and does not send it again', async () => {
    let sent = 0;
    const losing: typeof fetch = async (url, request) => {
      const response = await fetch(url, request);
      if (!isPut(request)) return response;
      sent += 1;
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('gone'), { code: 'UND_ERR_SOCKET' }) });
    };
    const cluster = `cluster-${++clusters}`;
    await expect(put(openStore(cluster, losing), 'a')).rejects.toMatchObject({
      code: 'NETWORK_EXCEPTION',
      outcome: 'unknown',
    });
    expect(sent).toBe(1);
    expect(await keys(openStore(cluster))).toEqual(['a']);
  });

  it('finds its own lease when the answer to taking it was lost', async () => {
    let isLost = false;
    const losing: typeof fetch = async (url, request) => {
      const response = await fetch(url, request);
      if (isLost || !isPut(request)) return response;
      isLost = true;
      throw new TypeError('fetch failed', { cause: new Error('gone') });
    };
    const store = openStore(`cluster-${++clusters}`, losing);
    const take = (holder: string) => store.acquireLease({ name: 'controller', holder, ttlMs: 60_000 });
    await expect(take('a')).rejects.toMatchObject({ code: 'NETWORK_EXCEPTION' });
    expect(isLost).toBe(true);
    expect(await take('a')).toBe(1n);
    expect(await take('b')).toBeUndefined();
  });

  it('keeps clusters of several names apart', async () => {
    const [one, other] = [openStore('shared'), openStore('shared-too')];
    await put(one, 'a');
    await one.acquireLease({ name: 'controller', holder: 'a', ttlMs: 60_000 });
    expect(await keys(other)).toEqual([]);
    expect(await other.listLeases('')).toEqual([]);
  });

  it('refuses a name that would reach into another cluster', () => {
    expect(() => openStore('a/b')).toThrow(/\[INVALID_CONFIG\]/);
    expect(() => openStore('')).toThrow(/\[INVALID_CONFIG\]/);
  });

  it('says so when no endpoint answers, and goes on when etcd is back with all it had', async () => {
    const store = openStore(`cluster-${++clusters}`);
    let calls = 0;
    store.watch(() => void (calls += 1));
    await put(store, 'a');
    await server.kill();
    await expect(put(store, 'b')).rejects.toMatchObject({ code: 'NETWORK_EXCEPTION' });
    await expect(keys(store)).rejects.toMatchObject({ code: 'NETWORK_EXCEPTION', retriable: true });
    await server.start();
    expect(await keys(store)).toEqual(['a']);
    for (calls = 0; calls === 0; await systemClock.sleep(20))
      await store.commit([{ key: 'c', expectedRevision: 0n, value: '1' }]);
    await store.close();
  });
});
