/** Resolves at the first SIGINT or SIGTERM. More of them change nothing: what follows is bounded, and must not be cut short. */
export function untilStopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
}
