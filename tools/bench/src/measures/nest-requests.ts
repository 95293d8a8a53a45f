import { Controller } from '@nestjs/common';
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Payload,
  type ClientOptions,
  type ClientProxy,
} from '@nestjs/microservices';
import { connect } from '@postlog/core';
import { PostlogClient } from '@postlog/nest-transport';
import { firstValueFrom } from 'rxjs';
import type { Bench, Measure } from '../bench.js';
import { nestTransports } from '../contenders/nest-transports.js';
import { startNest, startRival, Tally } from '../nest-app.js';
import { line, median, quantile, type Line } from '../report.js';

/** Asked one after another. */
const SEQUENTIAL = 500;
/** Asked all at once, in rounds. */
const AT_ONCE = 200;

/** A handler of either transport; `tally` counts events. */
function serviceFor(tally: Tally) {
  @Controller()
  class Service {
    @MessagePattern('quotes')
    quote(@Payload() { total }: { readonly total: number }) {
      return { total };
    }

    @EventPattern('events')
    event(@Payload() _event: unknown): void {
      tally.add(1);
    }
  }
  return Service;
}

/** What a request takes to its answer, from a client with connections of its own, beside Nest's own transports where their servers are here. */
export const requests: Measure = async (bench) => {
  const url = await bench.database();
  const admin = await connect({ url, logger: null });
  bench.onStop(() => admin.close());
  await admin.admin().createTopics({ topics: ['quotes', 'events'].map((topic) => ({ topic, numPartitions: 4 })) });
  const tally = new Tally(eventsOf(bench));
  const app = await startNest(url, serviceFor(tally));
  const client = new PostlogClient({ url, logger: null });
  const lines = await measured(bench, 'Postlog', client, tally);
  await client.close();
  await app.close();
  await admin.close();
  for (const { name, options, close } of await nestTransports(bench)) {
    const rivals = new Tally(eventsOf(bench));
    const rival = await startRival(options, serviceFor(rivals));
    const proxy = ClientProxyFactory.create(options as ClientOptions);
    lines.push(...(await measured(bench, `Nest's ${name} transport`, proxy, rivals)));
    await proxy.close();
    await rival.close();
    await close();
  }
  bench.note(
    'Nest’s NATS and Redis transports keep nothing: what nobody hears is lost. Postlog flushes every event, request and answer.',
  );
  return lines;
};

async function measured(bench: Bench, name: string, client: ClientProxy, tally: Tally): Promise<Line[]> {
  await client.connect();
  const ask = (total: number) => firstValueFrom(client.send<{ readonly total: number }>('quotes', { total }));
  await Promise.all(Array.from({ length: 20 }, (_, total) => ask(total)));
  const times: number[] = [];
  for (let total = 0; total < Math.min(SEQUENTIAL, bench.sizes.records / 20); total++) {
    const startedAt = performance.now();
    const answer = await ask(total);
    times.push(performance.now() - startedAt);
    if (answer.total !== total) throw new Error(`asked for ${total}, and was told ${answer.total}`);
  }
  const rates: number[] = [];
  for (let round = 0; round < bench.sizes.rounds; round++) {
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, (_, total) => ask(total)));
    rates.push(AT_ONCE / ((performance.now() - startedAt) / 1_000));
  }
  const count = eventsOf(bench);
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: count }, (_, id) =>
      firstValueFrom(client.emit('events', { id }), { defaultValue: undefined }),
    ),
  );
  await tally.done;
  const events = count / ((performance.now() - startedAt) / 1_000);
  bench.say(`${name}: p50 ${quantile(times, 0.5).toFixed(2)} ms`);
  const goal = name === 'Postlog' ? { atMost: 5 } : undefined;
  return [
    line(`request to answer, ${name}, p50`, quantile(times, 0.5), 'ms', goal),
    line(`request to answer, ${name}, p99`, quantile(times, 0.99), 'ms'),
    line(`requests/s, ${AT_ONCE} at once, ${name}`, median(rates), '/s'),
    line(`events/s from emit to handler, ${name}`, events, '/s'),
  ];
}

function eventsOf({ sizes }: Bench): number {
  return Math.min(20_000, sizes.rivalRecords);
}
