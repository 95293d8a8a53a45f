import type { ConsumedMessage } from '@postlog/core';
import { headerText } from '../publish/control-headers.js';

/** Where every client's answers go. A client reads one partition of it, and in it only what carries the name of its inbox. */
export const INBOX_TOPIC = '__replies';

/** A question: who asks, where the answer goes, until when it is of use. */
export interface Request {
  readonly kind: 'request';
  readonly id: string;
  readonly pattern: string;
  readonly inbox: string;
  readonly inboxPartition: number;
  /** Milliseconds since 1970. */
  readonly deadline: number;
}

/** Whoever asked does not wait any more. */
export interface Cancel {
  readonly kind: 'cancel';
  readonly id: string;
}

/** `next` has a value, `last` has one and ends, `end` only ends, `error` ends with what went wrong. */
export type ReplyKind = 'next' | 'last' | 'end' | 'error';
const KINDS: readonly string[] = ['next', 'last', 'end', 'error'] satisfies ReplyKind[];

const ID = 'postlog-request';
const CANCEL = 'postlog-cancel';
const PATTERN = 'postlog-pattern';
const INBOX = 'postlog-inbox';
const INBOX_PARTITION = 'postlog-inbox-partition';
const DEADLINE = 'postlog-deadline';
const KIND = 'postlog-reply';

export function requestHeaders({ id, pattern, inbox, inboxPartition, deadline }: Omit<Request, 'kind'>) {
  return {
    [ID]: id,
    [PATTERN]: pattern,
    [INBOX]: inbox,
    [INBOX_PARTITION]: String(inboxPartition),
    [DEADLINE]: String(deadline),
  };
}

export function cancelHeaders(id: string): Record<string, string> {
  return { [CANCEL]: id };
}

/** Undefined for a record that is neither; also where its headers make no sense. */
export function readRequest(headers: ConsumedMessage['headers']): Request | Cancel | undefined {
  if (headers[ID] === undefined && headers[CANCEL] === undefined) return undefined;
  const cancelled = headerText(headers, CANCEL);
  if (cancelled !== undefined) return { kind: 'cancel', id: cancelled };
  const [id, pattern, inbox] = [ID, PATTERN, INBOX].map((name) => headerText(headers, name));
  if (id === undefined || pattern === undefined || inbox === undefined) return undefined;
  const inboxPartition = Number(headerText(headers, INBOX_PARTITION));
  const deadline = Number(headerText(headers, DEADLINE));
  if (!Number.isInteger(inboxPartition) || inboxPartition < 0 || !Number.isFinite(deadline)) return undefined;
  return { kind: 'request', id, pattern, inbox, inboxPartition, deadline };
}

export function replyHeaders({ id, inbox }: Pick<Request, 'id' | 'inbox'>, kind: ReplyKind): Record<string, string> {
  return { [ID]: id, [INBOX]: inbox, [KIND]: kind };
}

/** Undefined for what is meant for another inbox. */
export function readReply(
  headers: ConsumedMessage['headers'],
  inbox: string,
): { readonly id: string; readonly kind: ReplyKind } | undefined {
  if (headerText(headers, INBOX) !== inbox) return undefined;
  const id = headerText(headers, ID);
  const kind = headerText(headers, KIND);
  return id !== undefined && kind !== undefined && KINDS.includes(kind) ? { id, kind: kind as ReplyKind } : undefined;
}
