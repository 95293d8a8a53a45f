import { ENGINE_CASES } from '../testing/engine.cases.js';
import { databaseWithSchema } from '../testing/schema-template.js';
import { connect } from './connect.js';

describe('a log in Postgres', () => {
  it.each(ENGINE_CASES)('%s', async (_promise, show) => {
    const { url, drop } = await databaseWithSchema();
    const log = await connect({ url, logger: null });
    await log.admin().createTopics({ topics: [{ topic: 'orders', numPartitions: 2 }] });
    const until = async (condition: () => boolean | Promise<boolean>) => {
      while (!(await condition())) await new Promise((wake) => setTimeout(wake, 5));
    };
    await show({ log, until });
    await log.close();
    await drop();
  });
});
