import { PostlogError } from '../errors/postlog-error.js';

/** Bytes that are not the record batch they should be. */
export function corrupt(detail: string, cause?: unknown): PostlogError {
  return new PostlogError(
    'CORRUPT_MESSAGE',
    `a record batch is damaged: ${detail}; fetch it again, or from another replica.`,
    cause === undefined ? {} : { cause },
  );
}

/** A batch whose records, once decompressed, are more than the reader takes. */
export function tooLarge(bytes: number | undefined, maxBytes: number): PostlogError {
  const size = bytes === undefined ? `more than ${maxBytes}` : `${bytes}`;
  return new PostlogError(
    'MESSAGE_TOO_LARGE',
    `a record batch decompresses to ${size} bytes, ${maxBytes} are allowed; send smaller batches, or raise the limit of the reader.`,
  );
}
