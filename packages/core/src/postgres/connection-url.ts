import { PostlogError } from '../errors/postlog-error.js';

const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];

/**
 * Checks a connection URL before anything is opened. The URL itself never stands in the message: it holds a password.
 *
 * @throws PostlogError `INVALID_CONFIG`
 */
export function checkConnectionUrl(value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') {
    throw invalid('url is missing; give postgres://user:password@host:port/database');
  }
  const url = parse(value);
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol)) {
    throw invalid(
      'url is not of the form postgres://user:password@host:port/database; ' +
        'the characters @ : / % # ? in a password must be percent-encoded (encodeURIComponent)',
    );
  }
  const sslMode = url.searchParams.get('sslmode');
  if (sslMode !== null && !SSL_MODES.includes(sslMode)) {
    throw invalid(`sslmode ${JSON.stringify(sslMode.slice(0, 20))} is unknown; give one of ${SSL_MODES.join(', ')}`);
  }
  return value;
}

function parse(value: string): URL | undefined {
  try {
    const url = new URL(value);
    decodeURIComponent(url.password);
    return url;
  } catch {
    return undefined;
  }
}

function invalid(detail: string): PostlogError {
  return new PostlogError('INVALID_CONFIG', `${detail}.`);
}
