/**
 * One of several processes that ask at once. Told by arguments: url, how many requests, their first number. Says on standard output
 * what came of them: `{ answered, lost, mixed }`.
 */
import { PostlogClient } from '@postlog/nest-transport';

const [url = '', count = '', first = ''] = process.argv.slice(2);
const AT_ONCE = 50;

const client = new PostlogClient({ url, logger: null, requestTimeoutMs: 60_000 });
await client.connect();
const outcome = { answered: 0, lost: 0, mixed: 0 };
let next = Number(first);
const end = next + Number(count);
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (next < end) {
      const side = next++;
      const area = await client.request<number>('squares', side).catch(() => undefined);
      if (area === undefined) outcome.lost += 1;
      else if (area === side * side) outcome.answered += 1;
      else outcome.mixed += 1;
    }
  }),
);
await client.close();
process.stdout.write(`${JSON.stringify(outcome)}\n`);
