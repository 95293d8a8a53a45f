import { randomBytes, randomUUID } from 'node:crypto';

/** Chance, injected, so that a seeded run can be repeated. */
export interface Random {
  /** 0 up to, not including, 1. */
  next(): number;
  /** A producer id: 62 random bits, so that no failover or restore can repeat one. */
  producerId(): bigint;
  /** A name nobody else has, for members. */
  uniqueName(prefix: string): string;
  /** A version 4 UUID, for topics. */
  uuid(): string;
}

export const systemRandom: Random = {
  next: () => Math.random(),
  producerId: () => randomBytes(8).readBigUInt64BE() >> 2n,
  uniqueName: (prefix) => `${prefix}-${randomBytes(12).toString('hex')}`,
  uuid: () => randomUUID(),
};
