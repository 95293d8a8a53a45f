import type { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import { offset } from '../record/offset.js';
import { systemClock } from '../runtime/clock.js';
import { systemRandom } from '../runtime/random.js';
import type { OffsetToCommit } from './committed-offsets.store.js';
import { GroupCoordinator, type GroupHeartbeat, type GroupHeartbeatAnswer } from './group-coordinator.js';

/** A member as a consumer drives it: what it was told last is what it reports next. */
export class TestMember {
  readonly coordinator: GroupCoordinator;
  readonly groupId: string;
  readonly memberId: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly groupInstanceId: string | null;
  readonly topicPattern: string | null;
  topics: readonly string[];
  epoch = 0;
  held: number[] = [];
  ownerEpochs = new Map<number, number>();

  constructor(
    database: Database,
    groupId: string,
    memberId: string,
    given: {
      readonly sessionTimeoutMs?: number;
      readonly rebalanceTimeoutMs?: number;
      readonly topics?: readonly string[];
      readonly groupInstanceId?: string;
      readonly topicPattern?: string;
      readonly onGroupChanged?: () => void;
    } = {},
  ) {
    const { onGroupChanged = () => {} } = given;
    this.coordinator = new GroupCoordinator({ database, clock: systemClock, random: systemRandom, onGroupChanged });
    this.groupId = groupId;
    this.memberId = memberId;
    this.sessionTimeoutMs = given.sessionTimeoutMs ?? 60_000;
    this.rebalanceTimeoutMs = given.rebalanceTimeoutMs ?? 60_000;
    this.groupInstanceId = given.groupInstanceId ?? null;
    this.topicPattern = given.topicPattern ?? null;
    this.topics = given.topics ?? ['t'];
  }

  /** Reports, and does at once what it is told. */
  async beat(): Promise<GroupHeartbeatAnswer> {
    const answer = await this.coordinator.heartbeat(this.report());
    this.epoch = answer.memberEpoch;
    this.held = answer.assignment.map(({ partitionId }) => partitionId).sort((a, b) => a - b);
    this.ownerEpochs = new Map(answer.assignment.map(({ partitionId, ownerEpoch }) => [partitionId, ownerEpoch]));
    return answer;
  }

  /** Reports until it is as it shall be; the spec's own time limit ends it. */
  async beatUntil(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.beat();
  }

  leave(): Promise<void> {
    return this.coordinator.leave(this.report());
  }

  async commit(partitionId: number, to: number, more: Partial<OffsetToCommit> = {}): Promise<string> {
    const ownerEpoch = this.ownerEpochs.get(partitionId) ?? -1;
    const refused = await this.coordinator.commitOffsets(this.groupId, this.memberId, [
      {
        partitionId,
        ownerEpoch,
        offset: offset(to),
        leaderEpoch: 0,
        metadata: null,
        mayGoBack: false,
        resetEpoch: 1,
        ...more,
      },
    ]);
    return refused.get(partitionId) ?? 'committed';
  }

  report(): GroupHeartbeat {
    const {
      groupId,
      memberId,
      groupInstanceId,
      topicPattern,
      epoch,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      topics,
      held,
    } = this;
    return {
      groupId,
      memberId,
      memberEpoch: epoch,
      clientId: 'c',
      host: 'h',
      groupInstanceId,
      topics,
      topicPattern,
      assignor: 'uniform',
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      held,
    };
  }
}

/** Calls `after` with the name of each statement that this database answered, before anybody hears of the answer. */
export function watched(database: Database, after: (statement: string) => Promise<void> | void): Database {
  const query = database.query.bind(database);
  database.query = async <Row>(statement: Statement, parameters?: readonly unknown[]) => {
    const rows = await query<Row>(statement, parameters);
    await after(statement.name);
    return rows;
  };
  return database;
}
