/** Calls `run` once this turn of the event loop, with all its promise callbacks, is over: what was started together goes together. */
export function afterTurn(run: () => void): void {
  setImmediate(run);
}
