import type { RequiredAcks } from '../broker/handle-produce.js';
import { PostlogError } from '../errors/postlog-error.js';
import { COMPRESSION_NAMES_BY_NUMBER, type CompressionName } from '../record/compression.js';
import type { CreatePartitioner } from '../record/partitioners.js';
import type { ResolvedRetry } from '../runtime/backoff.js';
import { checkBoolean, checkInteger, checkOptions, checkRetry, invalid, shown } from './check-options.js';
import type { ProducerOptions } from './producer-types.js';

export interface ResolvedProducerOptions {
  readonly acks: RequiredAcks;
  readonly idempotent: boolean;
  /** Undefined: as each batch is. */
  readonly compression: CompressionName | undefined;
  readonly lingerMs: number;
  readonly batchSize: number;
  readonly maxRequestSize: number;
  readonly bufferMemoryBytes: number;
  readonly deliveryTimeoutMs: number;
  readonly createPartitioner: CreatePartitioner | undefined;
  readonly retry: ResolvedRetry;
}

const KNOWN = [
  'acks',
  'idempotent',
  'compression',
  'lingerMs',
  'batchSize',
  'maxRequestSize',
  'bufferMemoryBytes',
  'deliveryTimeoutMs',
  'createPartitioner',
  'retry',
];

/** @throws PostlogError `INVALID_CONFIG` that names the option and the cure. */
export function resolveProducerOptions(given: ProducerOptions | undefined): ResolvedProducerOptions {
  const options = checkOptions(given, KNOWN, 'producer()');
  const integer = (name: keyof ProducerOptions, min: number, max: number, fallback: number) =>
    checkInteger(options[name], name, { min, max, fallback });
  if (options.createPartitioner !== undefined && typeof options.createPartitioner !== 'function') {
    throw invalid('createPartitioner takes a function that answers a partitioner');
  }
  const batchSize = integer('batchSize', 1, 16_777_216, 131_072);
  return {
    acks: checkAcks(options.acks) ?? -1,
    idempotent: checkBoolean(options.idempotent, 'idempotent', true),
    compression: checkCompression(options.compression),
    lingerMs: integer('lingerMs', 0, 60_000, 0),
    batchSize,
    maxRequestSize: integer('maxRequestSize', 1_024, 67_108_864, 4_194_304),
    bufferMemoryBytes: integer('bufferMemoryBytes', 1_024, 2 ** 32, 33_554_432),
    deliveryTimeoutMs: integer('deliveryTimeoutMs', 1, 2 ** 31 - 1, 120_000),
    createPartitioner: options.createPartitioner,
    retry: {
      ...checkRetry(options.retry, 'producer()'),
      ...(options.retry === undefined ? { maxRetryTime: 2_000 } : {}),
    },
  };
}

export function checkAcks(acks: unknown): RequiredAcks | undefined {
  if (acks === 'all') return -1;
  if (acks === undefined || acks === 0 || acks === 1 || acks === -1) return acks;
  throw new PostlogError('INVALID_REQUIRED_ACKS', `acks is ${shown(acks)}; give 0, 1, -1 or 'all'.`);
}

export function checkCompression(name: unknown): CompressionName | undefined {
  if (name === undefined) return undefined;
  const known = COMPRESSION_NAMES_BY_NUMBER.find((each) => each === name);
  if (known === undefined) {
    throw new PostlogError(
      'UNSUPPORTED_COMPRESSION_TYPE',
      `compression is ${shown(name)}; give one of ${COMPRESSION_NAMES_BY_NUMBER.join(', ')}.`,
    );
  }
  return known;
}
