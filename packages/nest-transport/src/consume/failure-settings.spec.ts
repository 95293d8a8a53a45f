import type { Route } from './route.js';
import { failureOptions } from './failure-settings.js';

const settings = { retry: undefined, onExhausted: undefined } as Route['settings'];
const handler = { name: 'Mails.send', id: undefined, takes: 'records' } as Route['handlers'][number];
const route = { settings, handlers: [handler], isPerInstance: false };

describe('what becomes of a record that its handler fails on', () => {
  it('by default: again for ever, a dead letter when it cannot pass', () => {
    const { retry, ...rest } = failureOptions(route, {});
    expect(rest).toEqual({ handlerId: 'Mails.send', onExhausted: 'deadLetter' });
    expect(retry).toMatchObject({ attempts: 1_000_000, delayMs: 200, maxDelayMs: 30_000 });
    expect(retry!.retryIf!(new Error('down'))).toBe(true);
  });

  it('the handler says, then the module', () => {
    const own = { ...route, settings: { ...settings, retry: { attempts: 3 }, onExhausted: 'pause' as const } };
    const retryIf = () => false;
    const { retry, onExhausted } = failureOptions(own, {
      retry: { attempts: 9, delayMs: 50_000, retryIf },
      onExhausted: 'skip',
    });
    expect({ ...retry, onExhausted }).toMatchObject({
      attempts: 3,
      delayMs: 50_000,
      maxDelayMs: 50_000,
      onExhausted: 'pause',
    });
    expect(retry!.retryIf!(new Error('down'))).toBe(false);
    expect(failureOptions(route, { onExhausted: 'skip' }).onExhausted).toBe('skip');
  });

  it('a key is parked soon, since it holds up no other', () => {
    const parking = { ...route, settings: { ...settings, onExhausted: 'parkKey' as const, maxParked: 7 } };
    expect(failureOptions(parking, {})).toMatchObject({ onExhausted: 'parkKey', maxParked: 7, retry: { attempts: 5 } });
    expect(failureOptions(parking, { retry: { attempts: 2 } }).retry).toMatchObject({ attempts: 2 });
  });

  it('no dead letters of a group that goes with its process, or of requests', () => {
    const answering = { ...handler, takes: 'requests' as const };
    expect(failureOptions({ ...route, isPerInstance: true }, {}).onExhausted).toBe('skip');
    expect(failureOptions({ ...route, handlers: [answering] }, {}).onExhausted).toBe('skip');
  });

  it('names all handlers, in signs that a dead letter takes', () => {
    const handlers = [
      { ...handler, id: 'mail' },
      { ...handler, name: "@EventPattern('orders')" },
    ];
    expect(failureOptions({ ...route, handlers }, {}).handlerId).toBe('mail/-EventPattern-orders-');
  });
});
