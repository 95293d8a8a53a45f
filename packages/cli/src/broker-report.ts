import type { Admin } from '@postlog/core';
import { table } from './table.js';

/** A broker, and what it has. */
export interface BrokerReport {
  readonly id: number;
  readonly state: string;
  readonly rack: string | null;
  readonly address: string;
  readonly isController: boolean;
  /** Partitions that it leads. */
  readonly leads: number;
  readonly replicas: number;
  /** Replicas that are in sync. */
  readonly inSync: number;
}

export async function brokersOf(admin: Admin): Promise<BrokerReport[]> {
  const [{ brokers, controller }, { topics }] = await Promise.all([
    admin.describeCluster(),
    admin.fetchTopicMetadata(),
  ]);
  const partitions = topics.flatMap((topic) => topic.partitions);
  const count = (has: (partition: (typeof partitions)[number]) => boolean) => partitions.filter(has).length;
  return brokers.map(({ nodeId: id, state, rack, host, port }) => ({
    id,
    state,
    rack,
    address: `${host}:${port}`,
    isController: controller === id,
    leads: count(({ leader }) => leader === id),
    replicas: count(({ replicas }) => replicas.includes(id)),
    inSync: count(({ isr }) => isr.includes(id)),
  }));
}

export function listBrokers(brokers: readonly BrokerReport[]): string {
  return brokers.map(({ id, state, address }) => `${id}\t${state}\t${address}\n`).join('');
}

export function describeBrokers(brokers: readonly BrokerReport[]): string {
  return table(
    ['BROKER', 'STATE', 'CONTROLLER', 'LEADS', 'REPLICAS', 'IN-SYNC', 'RACK', 'ADDRESS'],
    brokers.map((each) => [
      each.id,
      each.state,
      each.isController ? 'yes' : '-',
      each.leads,
      each.replicas,
      each.inSync,
      each.rack ?? '-',
      each.address,
    ]),
  );
}
