/** Where a broker's database is, for people: `host:port/database`, without who connects. */
export function addressOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port === '' ? '5432' : port}${pathname}`;
}

/** Host and port of `host:port/database`; a port that is not there is Postgres's own. */
export function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const [, host, port] = /^(.*?)(?::(\d+))?(?:\/.*)?$/.exec(address) ?? [];
  return { host: host ?? address, port: port === undefined ? 5_432 : Number(port) };
}
