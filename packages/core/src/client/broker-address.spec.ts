import { addressOf, hostAndPort } from './broker-address.js';

describe('the address of a broker', () => {
  it.each([
    ['postgres://user:canary@db.example:6000/log', 'db.example:6000/log'],
    ['postgres://user:canary@db.example/log?sslmode=require', 'db.example:5432/log'],
    ['postgres://[::1]:6000/log', '[::1]:6000/log'],
  ])('of %s tells nobody who connects', (url, address) => {
    expect(addressOf(url)).toBe(address);
  });

  it.each([
    ['db.example:6000/log', 'db.example', 6_000],
    ['[::1]:6000/log', '[::1]', 6_000],
    ['db.example', 'db.example', 5_432],
  ])('%s has a host and a port', (address, host, port) => {
    expect(hostAndPort(address)).toEqual({ host, port });
  });
});
