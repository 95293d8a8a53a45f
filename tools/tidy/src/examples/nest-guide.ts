/** The code of docs/guide on what a Nest application does: its blocks stand in here, line by line. */
import 'reflect-metadata';
import { Controller, Get, Injectable, Module, type INestApplication, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import {
  connectPostlog,
  Consumer,
  defineTopic,
  InjectProducer,
  Key,
  perInstance,
  PostlogClient,
  PostlogHealthIndicator,
  postlogMicroservice,
  PostlogModule,
  PostlogProducer,
  Subscribe,
  TopicProducer,
  type LogRecord,
  type PayloadOf,
  type PostlogContext,
} from '@postlog/nest-transport';
import { from, toArray, type Observable } from 'rxjs';
import { z } from 'zod';

export const OrdersPlaced = defineTopic('orders.placed', {
  partitions: 6,
  key: (order) => order.customer, // what must stay in order
  retention: '7d',
  schema: z.object({ orderId: z.string(), customer: z.string(), total: z.number() }),
});
export type OrderPlaced = PayloadOf<typeof OrdersPlaced>;

interface OrderEnded {
  readonly orderId: string;
}

interface Question {
  readonly item: string;
}

interface Quote {
  readonly price: number;
}

/** What happened, for the test that runs this. */
export const happened: string[] = [];

@Consumer({ group: 'billing' }) // a controller without routes, and the group of its handlers
export class Billing {
  @Subscribe(OrdersPlaced, { id: 'invoices', timeoutMs: 30_000 })
  async invoice(@Payload() order: OrderPlaced, @Key() key: string, @Ctx() context: PostlogContext) {
    happened.push(`${context.group} invoiced ${order.orderId} for ${key}`);
  }

  @Subscribe(OrdersPlaced, { group: 'analytics', batch: { size: 500, waitMs: 50 } })
  async load(@Payload() records: readonly LogRecord<OrderPlaced>[]) {
    happened.push(`loaded ${records.map(({ value }) => value.total).join()}`);
  }

  @Subscribe('orders.events', { type: ['order.cancelled', 'order.expired'] })
  onEnd(@Payload() order: OrderEnded) {
    happened.push(`${order.orderId} ended`);
  }

  @Subscribe('prices.changed', { group: perInstance() }) // every process
  empty() {
    happened.push('emptied the cache');
  }
}

@Injectable()
export class Shop {
  constructor(
    private readonly producer: PostlogProducer,
    @InjectProducer(OrdersPlaced) private readonly orders: TopicProducer<OrderPlaced>,
  ) {}

  async place(order: OrderPlaced, tenant: string) {
    await this.producer.send(OrdersPlaced, order, { headers: { tenant }, type: 'order.placed' });
  }

  async placeAll(orders: readonly OrderPlaced[]) {
    await this.orders.sendBatch(orders.map((value) => ({ value })));
  }

  async cancel(orderId: string) {
    await this.producer.send('orders.events', { orderId }, { type: 'order.cancelled' });
  }

  async remind(orderId: string) {
    const { id } = await this.producer.send('reminders', { orderId }, { delayMs: 3_600_000 });
    return id;
  }

  async forget(id: string) {
    const wasInTime = await this.producer.cancel(id);
    return wasInTime;
  }
}

@Controller()
export class Pricing {
  @MessagePattern('quotes')
  quote(@Payload() question: Question): Quote {
    return { price: question.item.length };
  }

  @MessagePattern('quotes.all')
  all(@Payload() questions: readonly Question[]): Observable<Quote> {
    return from(questions.map((question) => this.quote(question)));
  }
}

@Injectable()
export class Buyer {
  constructor(private readonly client: PostlogClient) {}

  async ask(question: Question) {
    const quote: Quote = await this.client.request('quotes', question, { timeoutMs: 20_000 });
    return quote;
  }

  askAll(questions: readonly Question[]): Observable<Quote[]> {
    return this.client.send<Quote>('quotes.all', questions).pipe(toArray()); // several values too
  }
}

@Controller('health')
export class Health {
  constructor(private readonly log: PostlogHealthIndicator) {}

  @Get()
  check() {
    return this.log.check('log', { maxLag: 10_000, maxSilenceMs: 30_000 }); // log: PostlogHealthIndicator
  }
}

@Injectable()
export class Settings {
  readonly url = process.env['DATABASE_URL']!;
  readonly role = process.env['ROLE'];
  readonly stage = process.env['STAGE'] ?? 'test';
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Module({
  imports: [
    PostlogModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: (settings: Settings) => ({
        url: settings.url,
        group: 'order-service', // of handlers that name none
        consume: settings.role !== 'api',
        createTopics: 'declared', // those of forFeature, where they are missing; or 'never'
        topicName: (name) => `${settings.stage}.${name}`,
        subscriptions: { invoices: { concurrency: 8 } }, // settings of a handler by its id
      }),
    }),
    PostlogModule.forFeature([
      OrdersPlaced,
      defineTopic('orders.events'),
      defineTopic('prices.changed'),
      defineTopic('reminders'),
    ]),
  ],
  controllers: [Billing, Pricing, Health],
  providers: [Shop, Buyer],
})
export class AppModule {}

/** An application that serves HTTP and consumes. */
export async function main(port: number): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule);
  connectPostlog(app); // pipes, guards, interceptors and filters of the application apply to handlers too
  app.enableShutdownHooks();
  await app.startAllMicroservices();
  await app.listen(port);
  return app;
}

/** One that only consumes. */
export async function worker(): Promise<INestMicroservice> {
  const app = await NestFactory.createMicroservice(AppModule, postlogMicroservice());
  await app.listen();
  return app;
}
