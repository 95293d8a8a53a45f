import { processOf, type AuditEntry } from '../history.js';

/** The time in which one member owned a partition under one owner epoch, and what was committed in it. */
export interface Reign {
  readonly partition: number;
  readonly memberId: string;
  readonly process: string;
  readonly from: number;
  /** Infinity while it lasts. */
  to: number;
  /** Where the group went on when it began. */
  readonly begins: number;
  readonly commits: {
    readonly at: number;
    readonly offset: number;
    readonly before: number;
    readonly writtenBy: string;
  }[];
}

/** Reads the reigns of each partition out of the audit. */
export function reignsOf(audit: readonly AuditEntry[]): Reign[] {
  const reigns: Reign[] = [];
  const last = new Map<number, { entry: AuditEntry; reign: Reign | undefined }>();
  for (const entry of audit) {
    const before = last.get(entry.partition);
    const committed = entry.committed ?? 0;
    const isSame =
      before !== undefined && before.entry.memberId === entry.memberId && before.entry.ownerEpoch === entry.ownerEpoch;
    let reign = isSame ? before.reign : undefined;
    if (isSame) {
      const previous = before.entry.committed ?? 0;
      if (entry.committed !== before.entry.committed) {
        reign?.commits.push({ at: entry.at, offset: committed, before: previous, writtenBy: entry.writtenBy });
      }
    } else {
      if (before?.reign !== undefined) before.reign.to = entry.at;
      if (entry.memberId !== null) {
        const { partition, memberId, at } = entry;
        reign = {
          partition,
          memberId,
          process: processOf(memberId),
          from: at,
          to: Infinity,
          begins: committed,
          commits: [],
        };
        reigns.push(reign);
      }
    }
    last.set(entry.partition, { entry, reign });
  }
  return reigns;
}
