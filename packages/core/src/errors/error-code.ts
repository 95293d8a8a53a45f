/**
 * What can go wrong, by Kafka's names and numbers, and whether the same request may be sent again.
 *
 * Source: the protocol error table of the Kafka documentation. Numbers below -1 are Postlog's own: they stand for
 * conditions that no broker of Kafka's can meet (bad options, a database that is unusable).
 */
export const ERROR_CODES = {
  UNKNOWN_SERVER_ERROR: { number: -1, retriable: false },
  OFFSET_OUT_OF_RANGE: { number: 1, retriable: false },
  CORRUPT_MESSAGE: { number: 2, retriable: true },
  UNKNOWN_TOPIC_OR_PARTITION: { number: 3, retriable: true },
  LEADER_NOT_AVAILABLE: { number: 5, retriable: true },
  NOT_LEADER_OR_FOLLOWER: { number: 6, retriable: true },
  REQUEST_TIMED_OUT: { number: 7, retriable: true },
  BROKER_NOT_AVAILABLE: { number: 8, retriable: true },
  MESSAGE_TOO_LARGE: { number: 10, retriable: false },
  OFFSET_METADATA_TOO_LARGE: { number: 12, retriable: false },
  NETWORK_EXCEPTION: { number: 13, retriable: true },
  COORDINATOR_LOAD_IN_PROGRESS: { number: 14, retriable: true },
  COORDINATOR_NOT_AVAILABLE: { number: 15, retriable: true },
  NOT_COORDINATOR: { number: 16, retriable: true },
  INVALID_TOPIC_EXCEPTION: { number: 17, retriable: false },
  RECORD_LIST_TOO_LARGE: { number: 18, retriable: false },
  NOT_ENOUGH_REPLICAS: { number: 19, retriable: true },
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: { number: 20, retriable: true },
  INVALID_REQUIRED_ACKS: { number: 21, retriable: false },
  INVALID_GROUP_ID: { number: 24, retriable: false },
  UNKNOWN_MEMBER_ID: { number: 25, retriable: false },
  INVALID_SESSION_TIMEOUT: { number: 26, retriable: false },
  REBALANCE_IN_PROGRESS: { number: 27, retriable: true },
  TOPIC_AUTHORIZATION_FAILED: { number: 29, retriable: false },
  CLUSTER_AUTHORIZATION_FAILED: { number: 31, retriable: false },
  INVALID_TIMESTAMP: { number: 32, retriable: false },
  TOPIC_ALREADY_EXISTS: { number: 36, retriable: false },
  INVALID_PARTITIONS: { number: 37, retriable: false },
  INVALID_REPLICATION_FACTOR: { number: 38, retriable: false },
  INVALID_CONFIG: { number: 40, retriable: false },
  INVALID_REQUEST: { number: 42, retriable: false },
  NOT_CONTROLLER: { number: 41, retriable: true },
  OUT_OF_ORDER_SEQUENCE_NUMBER: { number: 45, retriable: false },
  DUPLICATE_SEQUENCE_NUMBER: { number: 46, retriable: false },
  INVALID_PRODUCER_EPOCH: { number: 47, retriable: false },
  INVALID_TXN_STATE: { number: 48, retriable: false },
  CONCURRENT_TRANSACTIONS: { number: 51, retriable: true },
  KAFKA_STORAGE_ERROR: { number: 56, retriable: true },
  NON_EMPTY_GROUP: { number: 68, retriable: false },
  GROUP_ID_NOT_FOUND: { number: 69, retriable: false },
  FENCED_LEADER_EPOCH: { number: 74, retriable: true },
  UNKNOWN_LEADER_EPOCH: { number: 75, retriable: true },
  UNSUPPORTED_COMPRESSION_TYPE: { number: 76, retriable: false },
  STALE_BROKER_EPOCH: { number: 77, retriable: false },
  OFFSET_NOT_AVAILABLE: { number: 78, retriable: true },
  PREFERRED_LEADER_NOT_AVAILABLE: { number: 80, retriable: true },
  GROUP_MAX_SIZE_REACHED: { number: 81, retriable: false },
  FENCED_INSTANCE_ID: { number: 82, retriable: false },
  ELIGIBLE_LEADERS_NOT_AVAILABLE: { number: 83, retriable: true },
  ELECTION_NOT_NEEDED: { number: 84, retriable: false },
  NO_REASSIGNMENT_IN_PROGRESS: { number: 85, retriable: false },
  INVALID_RECORD: { number: 87, retriable: false },
  DUPLICATE_BROKER_REGISTRATION: { number: 101, retriable: false },
  BROKER_ID_NOT_REGISTERED: { number: 102, retriable: false },
  FENCED_MEMBER_EPOCH: { number: 110, retriable: false },
  UNRELEASED_INSTANCE_ID: { number: 111, retriable: false },
  UNSUPPORTED_ASSIGNOR: { number: 112, retriable: false },
  STALE_MEMBER_EPOCH: { number: 113, retriable: false },
  INVALID_REGULAR_EXPRESSION: { number: 128, retriable: false },
  /** Our own: the database cannot serve as a broker (too old, a standby, a schema that is missing). */
  UNSUPPORTED_DATABASE: { number: -100, retriable: false },
  /** Our own: the client was closed, or never started. */
  CLIENT_CLOSED: { number: -101, retriable: false },
  /** Our own: the producer's memory stayed full until the deadline. */
  BUFFER_EXHAUSTED: { number: -102, retriable: true },
  /** Our own: nothing is committed for a partition, and `autoOffsetReset` is `none`. */
  NO_OFFSET_FOR_PARTITION: { number: -103, retriable: false },
  /** Our own: a transaction of a database that `connect` was not told of in `applications`. */
  UNREGISTERED_DATABASE: { number: -104, retriable: false },
} as const satisfies Record<string, { number: number; retriable: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

const BY_NUMBER = new Map<number, ErrorCode>(
  Object.entries(ERROR_CODES).map(([code, { number }]) => [number, code as ErrorCode]),
);

/** The name of a code's number; a number that nobody knows is an unknown server error. */
export function errorCodeOf(number: number): ErrorCode {
  return BY_NUMBER.get(number) ?? 'UNKNOWN_SERVER_ERROR';
}
