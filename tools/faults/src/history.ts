/** What the processes of a run wrote down, and what its databases audited. Times are milliseconds since 1970, of one machine's clock. */
export interface GroupHistory {
  /** What was acknowledged. */
  readonly sent: readonly Sent[];
  readonly handled: readonly Handled[];
  /** Changes of owners and offsets, in the order in which they were committed, partition by partition. */
  readonly audit: readonly AuditEntry[];
  readonly faults: readonly Fault[];
  /** How each partition stood at the end. */
  readonly ends: readonly PartitionEnd[];
  /** Processes that handle several keys of a partition at a time. */
  readonly keyedProcesses: ReadonlySet<string>;
  /** From when to when faults were injected. */
  readonly faultsFrom: number;
  readonly faultsTo: number;
}

export interface Sent {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

/** One call of a handler. */
export interface Handled extends Sent {
  readonly process: string;
  readonly key: string;
  readonly beganAt: number;
  /** Undefined when it never ended. */
  readonly endedAt: number | undefined;
}

/** A row of a group's offsets, as it was written. */
export interface AuditEntry {
  readonly at: number;
  readonly partition: number;
  /** Null: nobody. */
  readonly memberId: string | null;
  readonly ownerEpoch: number;
  readonly committed: number | null;
  /** The process whose connection wrote it. */
  readonly writtenBy: string;
}

export type FaultKind = 'kill' | 'stop' | 'leave' | 'join' | 'grow';

export interface Fault {
  readonly at: number;
  readonly kind: FaultKind;
  readonly process: string;
}

export interface PartitionEnd {
  readonly partition: number;
  readonly logEnd: number;
  readonly committed: number;
  readonly hasOwner: boolean;
}

/** Something that must not happen; `code` as in the catalogue of anomalies. */
export interface Anomaly {
  readonly code: string;
  readonly detail: string;
}

/** A member's id begins with its process's name. */
export function processOf(memberId: string): string {
  return memberId.slice(0, memberId.lastIndexOf('-'));
}

/** What a process writes, a line an event. */
export type ProcessEvent =
  | {
      readonly kind: 'begin';
      readonly at: number;
      readonly partition: number;
      readonly offset: number;
      readonly key: string;
      readonly value: string;
    }
  | { readonly kind: 'end'; readonly at: number; readonly partition: number; readonly offset: number }
  | { readonly kind: 'joined'; readonly at: number; readonly memberId: string }
  | { readonly kind: 'refused'; readonly at: number; readonly code: string };

/** Pairs beginnings with ends; a line that a kill cut off is left out. */
export function readHandled(process: string, text: string): Handled[] {
  const open = new Map<string, Handled & { endedAt: number | undefined }>();
  const handled: Handled[] = [];
  for (const event of readEvents(text)) {
    if (event.kind !== 'begin' && event.kind !== 'end') continue;
    const place = `${event.partition}:${event.offset}`;
    if (event.kind === 'begin') {
      const { partition, offset, key, value, at } = event;
      const call = { process, partition, offset, key, value, beganAt: at, endedAt: undefined };
      handled.push(call);
      open.set(place, call);
    } else {
      const call = open.get(place);
      if (call !== undefined) call.endedAt = event.at;
      open.delete(place);
    }
  }
  return handled;
}

export function readEvents(text: string): ProcessEvent[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as ProcessEvent];
    } catch {
      return [];
    }
  });
}
