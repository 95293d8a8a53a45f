import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError } from '../errors/postlog-error.js';
import { field } from './etcd-messages.js';

/** The connection never came about, so nothing was sent. */
const NOT_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;

interface Rule {
  readonly code: ErrorCode;
  readonly cure: string;
}

/** By gRPC's status: those with which etcd says that it did nothing. After any other it may have, or may yet. */
const REFUSALS = new Map<number, Rule>([
  [3, { code: 'INVALID_REQUEST', cure: 'this is unexpected, please report it with the cause' }],
  [5, { code: 'INVALID_REQUEST', cure: 'a lease ran out on the way; try again' }],
  [7, { code: 'CLUSTER_AUTHORIZATION_FAILED', cure: 'grant access to the keys of this cluster' }],
  [
    8,
    {
      code: 'KAFKA_STORAGE_ERROR',
      cure: 'free space in etcd (compact, defragment, disarm the alarm) or lower the load',
    },
  ],
  [12, { code: 'UNSUPPORTED_DATABASE', cure: 'use etcd 3.4 or newer' }],
  [
    16,
    { code: 'CLUSTER_AUTHORIZATION_FAILED', cure: "Postlog's requests carry no user: turn etcd's authentication off" },
  ],
]);

/** What etcd answered instead of a result. */
export function toRefusal(status: number, body: unknown): PostlogError {
  const code = Number(field(body, 'code'));
  const message = field(body, 'message') ?? field(body, 'error') ?? `HTTP status ${status}`;
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  if (text.includes('request is too large')) {
    return new PostlogError('MESSAGE_TOO_LARGE', `etcd refused: ${text}; raise its --max-request-bytes.`);
  }
  const rule = REFUSALS.get(code);
  if (rule !== undefined) return new PostlogError(rule.code, `etcd refused: ${text}; ${rule.cure}.`);
  return new PostlogError(
    text.includes('timed out') ? 'REQUEST_TIMED_OUT' : 'NETWORK_EXCEPTION',
    `etcd did not do it, or not yet: ${text}; look whether most of its members are up.`,
    { outcome: 'unknown' },
  );
}

/** What became of a request without an answer. `fetch` says why in the cause of its error. */
export function toNetworkError(error: unknown, endpoint: string): PostlogError {
  if (error instanceof PostlogError) return error;
  const origin = (error as { cause?: unknown }).cause ?? error;
  const code = (origin as { code?: unknown }).code;
  const reason = typeof code === 'string' ? code : String(origin);
  return new PostlogError(
    'NETWORK_EXCEPTION',
    `the request to the metadata store at ${endpoint} failed (${reason}); it is tried again once etcd answers.`,
    { cause: error, outcome: NOT_SENT.test(reason) ? 'failed' : 'unknown' },
  );
}
