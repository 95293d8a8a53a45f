import { openSync, writeSync } from 'node:fs';
import { now, type RunEvent } from './events.js';

type Untimed<Event> = Event extends RunEvent ? Omit<Event, 't_ns'> : never;

/** Where a process writes down what it does before it does anything else. */
export class EventLog {
  readonly #file: number;
  #ops = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  say(event: Untimed<RunEvent>): void {
    writeSync(this.#file, `${JSON.stringify({ t_ns: now(), ...event })}\n`);
  }

  /** A number that pairs a beginning with its end. */
  nextOp(): number {
    return (this.#ops += 1);
  }
}
