import type { Clock } from './clock.js';

/**
 * Resolves as `work` does, or as `onTimeout` does when `ms` pass first. `work` goes on unobserved then, so the caller
 * must make it harmless (destroy its connection).
 */
export function withDeadline<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
  onTimeout: () => Promise<T> | T,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.after(ms, () => {
      work.catch(() => {});
      Promise.resolve().then(onTimeout).then(resolve, reject);
    });
    work.then(resolve, reject).finally(cancel);
  });
}
