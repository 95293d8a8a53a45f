import { connect } from '@postlog/core';
import { DataSource } from 'typeorm';
import type { Config } from './config.js';
import { Order } from './order.entity.js';
import { EMAILS_SENT, ORDERS_PLACED } from './topics.js';

/** Creates what the service needs, if it is missing: its table and its topics. Safe when several processes start at once. */
export async function prepare({ DATABASE_URL, PARTITIONS }: Config): Promise<void> {
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

  const postlog = await connect({ url: DATABASE_URL, clientId: 'order-service' });
  try {
    await postlog
      .admin()
      .createTopics({ topics: [ORDERS_PLACED, EMAILS_SENT].map((topic) => ({ topic, numPartitions: PARTITIONS })) });
  } finally {
    await postlog.close();
  }
}
