import { connect } from '@postlog/core';
import { DataSource } from 'typeorm';
import type { Config } from './config.js';
import { Order } from './order.entity.js';
import { EmailsSent, OrdersPlaced } from './topics.js';

/** Creates what the service needs, if it is missing: its table and its topics. Safe when several processes start at once. */
export async function prepare({ DATABASE_URL, log, ...topics }: Config): Promise<void> {
  const source = await new DataSource({ type: 'postgres', url: DATABASE_URL, entities: [Order] }).initialize();
  try {
    const runner = source.createQueryRunner();
    await runner.query(`select pg_advisory_lock(hashtext('shop'))`);
    try {
      await runner.query('create schema if not exists shop');
      await source.synchronize();
    } finally {
      await runner.query(`select pg_advisory_unlock(hashtext('shop'))`);
      await runner.release();
    }
  } finally {
    await source.destroy();
  }

  const postlog = await connect({ ...log, clientId: 'order-service' });
  const shape = {
    numPartitions: topics.PARTITIONS,
    replicationFactor: topics.REPLICATION_FACTOR,
    configEntries: [{ name: 'min.insync.replicas', value: String(topics.MIN_INSYNC_REPLICAS) }],
  };
  try {
    await postlog
      .admin()
      .createTopics({ topics: [OrdersPlaced, EmailsSent].map(({ name }) => ({ topic: name, ...shape })) });
  } finally {
    await postlog.close();
  }
}
