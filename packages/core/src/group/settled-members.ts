import type { GroupHeartbeatAnswer } from './heartbeat-answer.js';
import type { MemberReport } from './group.js';

/** What a member was last told, and at which version of its group that was the whole truth. */
export interface SettledMember {
  readonly version: bigint;
  readonly metadataVersion: bigint;
  readonly answer: GroupHeartbeatAnswer;
  /** All that the group says it owns: more than it was told to keep while it must give something up. */
  readonly owned: ReadonlySet<number>;
  readonly report: MemberReport;
}

/** Beyond these, the member that was quiet for longest is forgotten: its next heartbeat costs a read, no more. */
const MOST_MEMBERS = 10_000;

/** The members of this process whose next heartbeat can be answered without reading their group. */
export class SettledMembers {
  readonly #members = new Map<string, SettledMember>();

  set(memberId: string, member: SettledMember): void {
    this.#members.delete(memberId);
    this.#members.set(memberId, member);
    const [oldest] = this.#members.keys();
    if (this.#members.size > MOST_MEMBERS && oldest !== undefined) this.#members.delete(oldest);
  }

  delete(memberId: string): void {
    this.#members.delete(memberId);
  }

  /** The member, if it reports nothing but what its group knows of it already. */
  unchanged(report: MemberReport): SettledMember | undefined {
    const known = this.#members.get(report.memberId);
    if (known === undefined) return undefined;
    const isSame =
      report.memberEpoch === known.answer.memberEpoch &&
      report.clientId === known.report.clientId &&
      report.host === known.report.host &&
      report.sessionTimeoutMs === known.report.sessionTimeoutMs &&
      report.rebalanceTimeoutMs === known.report.rebalanceTimeoutMs &&
      report.topics.join() === known.report.topics.join() &&
      report.topicPattern === known.report.topicPattern &&
      report.assignor === known.report.assignor &&
      report.held.length === known.owned.size &&
      report.held.every((partitionId) => known.owned.has(partitionId));
    return isSame ? known : undefined;
  }
}
