/** What a handler of another process failed with. */
export interface ErrorBody {
  readonly message: string;
  readonly code?: unknown;
  readonly details?: unknown;
}

/** A request failed where it was handled: its message, `code` and `details` are those of the `RpcException` thrown there. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  /** As in the errors of Nest's own transports. */
  readonly status = 'error';
  readonly code: unknown;
  readonly details: unknown;

  constructor({ message, code, details }: ErrorBody) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** What travels of a failure: never a stack, and nothing that has no JSON form. */
export function errorBody(error: unknown): ErrorBody {
  const { message, code, details } = (
    typeof error === 'object' && error !== null ? error : { message: error }
  ) as Partial<ErrorBody>;
  const body = { message: typeof message === 'string' ? message : 'the handler failed', code, details };
  try {
    JSON.stringify(body);
    return body;
  } catch {
    return { message: body.message };
  }
}

/** @param body as it came from elsewhere. */
export function remoteError(body: unknown): RemoteError {
  return new RemoteError(errorBody(body));
}
