import { DataSource } from 'typeorm';
import type { Config } from './config.js';
import { SentMail } from './sent-mail.entity.js';

/** Creates the service's table if it is missing. Safe when several processes start at once. */
export async function prepare({ databaseUrl }: Config): Promise<void> {
  const source = await new DataSource({ type: 'postgres', url: databaseUrl, entities: [SentMail] }).initialize();
  try {
    const runner = source.createQueryRunner();
    await runner.query(`select pg_advisory_lock(hashtext('emails'))`);
    try {
      await runner.query('create schema if not exists emails');
      await source.synchronize();
    } finally {
      await runner.query(`select pg_advisory_unlock(hashtext('emails'))`);
      await runner.release();
    }
  } finally {
    await source.destroy();
  }
}
