import { PostlogError, type ConsumedMessage, type Headers } from '@postlog/core';

/**
 * The headers that the transport itself writes. They share a prefix that users' headers may not have, so that no header of a
 * user can pass for one of them.
 */
const CONTROL_PREFIX = 'postlog-';

/** What kind of event a record is, for handlers with `type`. */
export const TYPE_HEADER = 'postlog-type';

/** Headers as they go out. @throws PostlogError `INVALID_RECORD` */
export function withControlHeaders(headers: Headers = {}, control: Readonly<Record<string, string>> = {}): Headers {
  const taken = Object.keys(headers).find((name) => name.toLowerCase().startsWith(CONTROL_PREFIX));
  if (taken !== undefined) {
    throw new PostlogError(
      'INVALID_RECORD',
      `the header "${taken}" begins with ${CONTROL_PREFIX}, which is the transport's own; give it another name.`,
    );
  }
  return { ...headers, ...control };
}

/** A header as text; the first where there are several. */
export function headerText(headers: ConsumedMessage['headers'], name: string): string | undefined {
  const value = headers[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' || Buffer.isBuffer(first) ? first.toString() : undefined;
}

/** A user's headers as text: Nest's packet metadata. */
export function userMetadata(headers: ConsumedMessage['headers']): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const text = name.startsWith(CONTROL_PREFIX) ? undefined : headerText(headers, name);
    if (text !== undefined) metadata[name] = text;
  }
  return metadata;
}
