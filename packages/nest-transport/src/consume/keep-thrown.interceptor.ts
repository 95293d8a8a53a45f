import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { tap, type Observable } from 'rxjs';
import { HandlingContext } from './handling.context.js';

/**
 * Keeps what a handler threw on its context: behind Nest's exception layer only "Internal server error" is left of it, and
 * the log line should name the real class and message.
 */
export class KeepThrownInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const context: unknown = execution.switchToRpc().getContext();
    return next.handle().pipe(
      tap({
        error: (error: unknown) => {
          if (context instanceof HandlingContext) context.thrown = error;
        },
      }),
    );
  }
}
