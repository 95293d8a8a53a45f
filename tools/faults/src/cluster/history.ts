import type { CommitEvent, CommittedEvent, PollEvent, ProcessEvent, RunEvent, SendEvent } from './events.js';

/** One record's way: what became of it, and where. Times are milliseconds. */
export interface Send {
  readonly proc: string;
  readonly key: string;
  readonly value: string;
  readonly acks: 'all' | 'leader';
  readonly isIdempotent: boolean;
  readonly invokedAt: number;
  /** `open`: it has not ended. */
  outcome: 'open' | 'ok' | 'fail' | 'info';
  /** Infinity while it is open. */
  endedAt: number;
  /** As acknowledged. */
  offset: number | null;
  err: string | undefined;
}

export interface Poll {
  readonly proc: string;
  readonly mode: PollEvent['mode'];
  readonly key: string;
  readonly at: number;
  readonly records: readonly (readonly [offset: number, value: string])[];
}

/** A member is done with everything before `next`. */
export interface Done {
  readonly proc: string;
  readonly key: string;
  readonly next: number;
  readonly at: number;
}

export interface Commit {
  readonly proc: string;
  readonly key: string;
  readonly offset: number;
  readonly invokedAt: number;
  outcome: 'open' | 'ok' | 'fail' | 'info';
  endedAt: number;
}

/** One answer about the group's offset. */
export interface Committed {
  readonly key: string;
  readonly offset: number;
  readonly invokedAt: number;
  readonly endedAt: number;
}

/** A fault from its beginning to its end; Infinity when it was never taken back. */
export interface Fault {
  readonly fault: number;
  readonly kind: string;
  readonly what: string;
  readonly brokers: readonly number[];
  readonly from: number;
  to: number;
}

export interface RunHistory {
  /** In the order in which they were begun. */
  readonly sends: readonly Send[];
  readonly polls: readonly Poll[];
  readonly done: readonly Done[];
  readonly commits: readonly Commit[];
  readonly committed: readonly Committed[];
  readonly faults: readonly Fault[];
  readonly crashes: readonly { readonly proc: string; readonly at: number; readonly what: string }[];
}

/** Pairs beginnings with ends. */
export function historyOf(events: readonly RunEvent[]): RunHistory {
  const reader = new Reader();
  for (const event of events) reader.read(event);
  return reader;
}

class Reader implements RunHistory {
  readonly sends: Send[] = [];
  readonly polls: Poll[] = [];
  readonly done: Done[] = [];
  readonly commits: Commit[] = [];
  readonly committed: Committed[] = [];
  readonly faults: Fault[] = [];
  readonly crashes: { proc: string; at: number; what: string }[] = [];
  readonly #sends = new Map<string, Send[]>();
  readonly #commits = new Map<string, Commit[]>();
  readonly #asked = new Map<string, number>();

  read(event: RunEvent): void {
    const at = event.t_ns / 1e6;
    const op = `${event.proc} ${event.op}`;
    if (event.f === 'send') this.#send(event, op, at);
    else if (event.f === 'poll') this.#poll(event, at);
    else if (event.f === 'process') this.#done(event, at);
    else if (event.f === 'commit') this.#commit(event, op, at);
    else if (event.f === 'committed') this.#answer(event, op, at);
    else if (event.f === 'crash') this.crashes.push({ proc: event.proc, at, what: event.value });
    else {
      const { fault, kind, what, phase, brokers } = event.value;
      const begun = this.faults.find((each) => each.fault === fault);
      if (phase === 'begin') this.faults.push({ fault, kind, what, brokers, from: at, to: Infinity });
      else if (begun !== undefined) begun.to = at;
    }
  }

  #send(event: SendEvent, op: string, at: number): void {
    if (event.type === 'invoke') {
      const { proc, acks = 'all', isIdempotent = true } = event;
      const begun = event.value.map(([key, value]): Send => {
        const text = typeof value === 'string' ? value : value[1];
        const open = { outcome: 'open', endedAt: Infinity, offset: null, err: undefined } as const;
        return { proc, key, value: text, acks, isIdempotent, invokedAt: at, ...open };
      });
      this.sends.push(...begun);
      this.#sends.set(op, begun);
      return;
    }
    (this.#sends.get(op) ?? []).forEach((send, place) => {
      const answer = event.value[place]?.[1];
      send.outcome = event.type === 'invoke' ? 'open' : event.type;
      send.endedAt = at;
      send.err = event.err;
      if (event.type === 'ok' && answer !== undefined && typeof answer !== 'string') send.offset = answer[0];
    });
    this.#sends.delete(op);
  }

  #poll({ proc, mode, value }: PollEvent, at: number): void {
    for (const [key, records] of Object.entries(value)) this.polls.push({ proc, mode, key, at, records });
  }

  #done({ proc, value }: ProcessEvent, at: number): void {
    for (const [key, next] of Object.entries(value)) this.done.push({ proc, key, next, at });
  }

  #commit({ proc, type, value }: CommitEvent, op: string, at: number): void {
    if (type === 'invoke') {
      const begun = Object.entries(value).map(([key, offset]): Commit => {
        return { proc, key, offset, invokedAt: at, outcome: 'open', endedAt: Infinity };
      });
      this.commits.push(...begun);
      this.#commits.set(op, begun);
      return;
    }
    for (const commit of this.#commits.get(op) ?? []) {
      commit.outcome = type;
      commit.endedAt = at;
    }
  }

  #answer({ type, value }: CommittedEvent, op: string, at: number): void {
    if (type === 'invoke') this.#asked.set(op, at);
    const invokedAt = this.#asked.get(op);
    if (type !== 'ok' || invokedAt === undefined) return;
    for (const [key, offset] of Object.entries(value)) {
      this.committed.push({ key, offset: offset ?? 0, invokedAt, endedAt: at });
    }
  }
}
