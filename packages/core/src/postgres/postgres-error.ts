import type { ErrorCode } from '../errors/error-code.js';
import { PostlogError, type Outcome } from '../errors/postlog-error.js';

/**
 * Turns what `pg` and the socket say into one error with Kafka's code. Nothing above this room sees an SQLSTATE.
 *
 * `sent` says whether the statement may have reached the server. An error that broke the connection after that leaves
 * the outcome **unknown**: the server may have committed and only the answer is lost (finding 5 of the reliability page).
 */
export function toPostlogError(error: unknown, { sent }: { readonly sent: boolean }): PostlogError {
  if (error instanceof PostlogError) return error;
  const state = sqlStateOf(error);
  const rule = state === undefined ? BROKEN_CONNECTION : (RULES.find(({ states }) => states.test(state)) ?? UNEXPECTED);
  const outcome: Outcome = sent && rule.breaks ? 'unknown' : 'failed';
  const origin = originOf(error);
  return new PostlogError(rule.code, `${rule.detail} (${state ?? socketCode(error) ?? 'connection'}: ${origin})`, {
    cause: error,
    outcome,
  });
}

/** Whether trying to connect again can help: the server is not there yet, or is busy starting. */
export function isWorthReconnecting(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === undefined || /^(08|57P0|53)/.test(state);
}

/** A whole transaction was undone by a serialization failure or a deadlock: whoever began it repeats it. */
export function mustBeRepeated(error: unknown): boolean {
  return /^(40001|40P01)/.test(sqlStateOf(error) ?? sqlStateOf(causeOf(error)) ?? '');
}

/** What a library wrapped, our own included. */
function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

/** Somebody else held a lock for longer than we wait. */
export function isLockTimeout(error: unknown): boolean {
  return sqlStateOf(error) === '55P03';
}

/** A write in a transaction that only reads. */
export function isReadOnlyRefusal(error: unknown): boolean {
  return sqlStateOf(error) === '25006';
}

interface Rule {
  readonly states: RegExp;
  readonly code: ErrorCode;
  readonly detail: string;
  /** The session is gone, so a commit may or may not have happened. */
  readonly breaks?: boolean;
}

const BROKEN_CONNECTION: Rule = {
  states: /^$/,
  code: 'NETWORK_EXCEPTION',
  detail: 'the connection to Postgres failed; it is opened again by itself once the server answers',
  breaks: true,
};

const UNEXPECTED: Rule = {
  states: /^$/,
  code: 'UNKNOWN_SERVER_ERROR',
  detail: 'Postgres refused the statement; this is unexpected, please report it with the cause',
};

const RULES: readonly Rule[] = [
  { states: /^(08|57P0[123]|40003|XX000)/, code: 'NETWORK_EXCEPTION', detail: BROKEN_CONNECTION.detail, breaks: true },
  {
    states: /^57014/,
    code: 'REQUEST_TIMED_OUT',
    detail: 'Postgres cancelled the statement; look at statement_timeout of the role',
  },
  {
    states: /^(40001|40P01|55P03)/,
    code: 'KAFKA_STORAGE_ERROR',
    detail: 'a lock or another transaction was in the way; try again',
  },
  {
    states: /^53300/,
    code: 'BROKER_NOT_AVAILABLE',
    detail: 'Postgres has no connection left; raise max_connections or lower maxConnections',
  },
  {
    states: /^53/,
    code: 'KAFKA_STORAGE_ERROR',
    detail: 'Postgres is out of a resource (disk, memory or locks); free some',
  },
  {
    states: /^28/,
    code: 'CLUSTER_AUTHORIZATION_FAILED',
    detail: 'Postgres refused the login; check user and password of the url',
  },
  {
    states: /^42501/,
    code: 'CLUSTER_AUTHORIZATION_FAILED',
    detail: 'the role lacks a privilege on the schema; grant it',
  },
  { states: /^3D000/, code: 'UNSUPPORTED_DATABASE', detail: 'the database of the url does not exist; create it' },
  { states: /^25P02/, code: 'INVALID_TXN_STATE', detail: 'the transaction has failed and can only be rolled back' },
  { states: /^25006/, code: 'UNSUPPORTED_DATABASE', detail: 'the database is read only; connect to a primary' },
  {
    states: /^(3F000|42P01|42883)/,
    code: 'UNSUPPORTED_DATABASE',
    detail: 'the schema is missing or older than this version; migrate it',
  },
  {
    states: /^PL002/,
    code: 'INVALID_CONFIG',
    detail: "a role of Postlog's needs default_transaction_isolation = 'read committed'",
  },
  {
    states: /^PL003/,
    code: 'NOT_CONTROLLER',
    detail:
      'this broker belongs to a cluster, whose topics it cannot change alone; connect with `brokers` and `metadata`',
  },
  {
    states: /^PL004/,
    code: 'KAFKA_STORAGE_ERROR',
    detail: 'records of the outbox cannot be appended now; they stay where they are and are tried again',
  },
  {
    states: /^PL005/,
    code: 'INVALID_REQUEST',
    detail:
      'records that were published in transactions are not in the log yet; let a process with services run until they are, then repeat',
  },
  {
    states: /^PL006/,
    code: 'FENCED_MEMBER_EPOCH',
    detail: 'another member has taken the partition over; the transaction is rolled back and its records are theirs',
  },
  {
    states: /^PL007/,
    code: 'CONCURRENT_TRANSACTIONS',
    detail: 'the group went on from where this transaction began; it is rolled back and handling goes on from there',
  },
  {
    states: /^PL008/,
    code: 'INVALID_TXN_STATE',
    detail: 'the connection is in no transaction; run "begin" before the handler and "commit" after it',
  },
  {
    states: /^PL009/,
    code: 'KAFKA_STORAGE_ERROR',
    detail: 'somebody else handled some of these dead letters at the same time; list them again',
  },
  {
    states: /^PL010/,
    code: 'INVALID_REQUEST',
    detail: 'a partition refuses these dead letters; look whether their topic is as it was when they failed',
  },
  {
    states: /^PL011/,
    code: 'INVALID_REQUEST',
    detail:
      'records that were sent for later are not due yet, and nobody would deliver them in a cluster; cancel them or wait for them, then repeat',
  },
  {
    states: /^PL020/,
    code: 'UNREGISTERED_DATABASE',
    detail:
      'a database is an application of one cluster, or a broker with topics of its own; give another database, or connect to the one that it belongs to',
  },
  {
    states: /^23514/,
    code: 'INVALID_REQUEST',
    detail:
      'this broker belongs to a cluster; keep what your transactions write in another database, and name that in connect({ applications })',
  },
];

/** A host with several addresses fails with an error for each and no text of its own. */
function originOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return originOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

function sqlStateOf(error: unknown): string | undefined {
  const code = socketCode(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code) ? code : undefined;
}

function socketCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
