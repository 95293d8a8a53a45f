/** Which dead letters are meant; all conditions that are given must hold. */
export interface DeadLetterFilter {
  /** As `list` names them. */
  readonly ids?: readonly string[];
  /** Of the record that failed. */
  readonly partition?: number;
  readonly key?: string | Uint8Array;
  readonly errorName?: string;
  readonly handlerId?: string;
  /** Failed then or later, in milliseconds since 1970. */
  readonly from?: number;
  /** Failed before then. */
  readonly until?: number;
}

/** What a filter looks at. */
export interface FilteredLetter {
  readonly id: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly errorName: string;
  readonly handlerId: string | null;
  /** Milliseconds since 1970, a decimal string. */
  readonly failedAt: string;
}

export const FILTER_OPTIONS = ['ids', 'partition', 'key', 'errorName', 'handlerId', 'from', 'until'] as const;

/** Whether a filter says nothing, and so means all. */
export function isEmptyFilter(filter: DeadLetterFilter): boolean {
  return FILTER_OPTIONS.every((name) => filter[name] === undefined);
}

export function isMeant(letter: FilteredLetter, filter: DeadLetterFilter): boolean {
  const { ids, partition, key, errorName, handlerId, from, until } = filter;
  const failedAt = Number(letter.failedAt);
  return (
    (ids === undefined || ids.includes(letter.id)) &&
    (partition === undefined || letter.partition === partition) &&
    (key === undefined || (letter.key !== null && Buffer.from(key).equals(letter.key))) &&
    (errorName === undefined || letter.errorName === errorName) &&
    (handlerId === undefined || letter.handlerId === handlerId) &&
    (from === undefined || failedAt >= from) &&
    (until === undefined || failedAt < until)
  );
}
