import type { HandlingContext } from '../consume/handling.context.js';
import type { PostlogServer } from '../consume/postlog.server.js';

/** Follows the handlers of an application: how many run, which shall fail, what failed last. */
export class Watch {
  readonly #failures = new Map<string, Error[]>();
  #running = 0;
  #quiet: (() => void)[] = [];
  #lastFailure: string | undefined;

  /** By the hooks that Nest has for whoever traces. */
  follow(server: PostlogServer): void {
    server.setOnProcessingStartHook((_transport, context, done) => {
      const failure = this.#failures.get((context as HandlingContext).handler)?.shift();
      if (failure !== undefined) throw failure;
      this.#running += 1;
      void done();
    });
    server.setOnProcessingEndHook(() => {
      this.#running -= 1;
      if (this.#running === 0) for (const resolve of this.#quiet.splice(0)) resolve();
    });
    server.on('failure', ({ place, group }, error) => {
      this.#lastFailure = `the handler of ${place} in group ${group} failed last with ${String(error)}`;
    });
  }

  failNext(handler: string, error: Error): void {
    this.#failures.set(handler, [...(this.#failures.get(handler) ?? []), error]);
  }

  /** No handler runs. */
  untilQuiet(): Promise<void> {
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => this.#quiet.push(resolve));
  }

  stuck(behind: readonly string[]): Error {
    const reasons = [...behind, ...(this.#lastFailure === undefined ? [] : [this.#lastFailure])];
    return new Error(`the log does not become idle: ${reasons.join('; ')}.`);
  }
}
