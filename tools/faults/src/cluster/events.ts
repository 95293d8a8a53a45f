/** What the processes of a run write down, a JSON line an event. Times are nanoseconds of the machine's monotonic clock, which all processes share. */
interface EventHead {
  readonly t_ns: number;
  /** Who did it: one process is one producer or one consumer; a producer whose send ended in doubt goes on under another name. */
  readonly proc: string;
  /** Pairs a beginning with its end, within a process. */
  readonly op?: number;
  readonly err?: string;
}

export interface SendEvent extends EventHead {
  readonly f: 'send';
  /** `fail` only when it cannot have happened; `info`: nobody knows. */
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  /** Partition and value; the offset once it is known. */
  readonly value: readonly (readonly [key: string, value: string])[] | readonly (readonly [string, OffsetAndValue])[];
  readonly acks?: 'all' | 'leader';
  readonly isIdempotent?: boolean;
}

type OffsetAndValue = readonly [offset: number | null, value: string];

export interface PollEvent extends EventHead {
  readonly f: 'poll';
  readonly type: 'ok';
  /** `assign`: its own choice, from the beginning; `member`: as its group says; `final`: after all was healed. */
  readonly mode: 'assign' | 'member' | 'final';
  readonly value: Readonly<Record<string, readonly (readonly [offset: number, value: string])[]>>;
}

/** A member has handled everything before this offset of what it polled. */
export interface ProcessEvent extends EventHead {
  readonly f: 'process';
  readonly type: 'ok';
  readonly value: Readonly<Record<string, number>>;
}

export interface CommitEvent extends EventHead {
  readonly f: 'commit';
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  readonly value: Readonly<Record<string, number>>;
}

/** What the group is said to have committed; null: nothing. */
export interface CommittedEvent extends EventHead {
  readonly f: 'committed';
  readonly type: 'invoke' | 'ok' | 'fail';
  readonly value: Readonly<Record<string, number | null>>;
}

/** A process ended or complained though nobody made it. */
interface CrashEvent extends EventHead {
  readonly f: 'crash';
  readonly type: 'info';
  readonly value: string;
}

interface NemesisEvent extends EventHead {
  readonly f: 'nemesis';
  readonly type: 'info';
  readonly value: {
    readonly fault: number;
    readonly phase: 'begin' | 'end';
    readonly kind: string;
    /** For people. */
    readonly what: string;
    /** Who was hit. */
    readonly brokers: readonly number[];
  };
}

export type RunEvent = SendEvent | PollEvent | ProcessEvent | CommitEvent | CommittedEvent | CrashEvent | NemesisEvent;

/** The lines of several files as one history, in order of time; a line that a kill cut off is left out. */
export function mergeEvents(texts: readonly string[]): RunEvent[] {
  return texts
    .flatMap((text) => text.split('\n'))
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as RunEvent];
      } catch {
        return [];
      }
    })
    .sort((one, other) => one.t_ns - other.t_ns);
}

/** Events as lines, numbered. */
export function toLines(events: readonly RunEvent[]): string {
  return events.map((event, i) => `${JSON.stringify({ i, ...event })}\n`).join('');
}

/** The clock of all events. */
export function now(): number {
  return Number(process.hrtime.bigint());
}

/** Partitions go by one name each. */
export function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
