/** A small application of somebody else: it has the packages from npm, and is compiled to ESM and to CommonJS. */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { PostlogError } from '@postlog/core';
import {
  connectPostlog,
  Consumer,
  defineTopic,
  PostlogClient,
  type PostlogContext,
  PostlogModule,
  PostlogProducer,
  Subscribe,
} from '@postlog/nest-transport';
import { createTestLog } from '@postlog/nest-transport/testing';

interface Order {
  readonly id: number;
}

const Orders = defineTopic<Order>('orders', { partitions: 2, key: ({ id }) => String(id) });
let invoiced: (line: string) => void;
const line = new Promise<string>((resolve) => (invoiced = resolve));

@Consumer({ group: 'billing' })
class Billing {
  @Subscribe(Orders)
  invoice(@Payload() { id }: Order, @Ctx() { group }: PostlogContext): void {
    invoiced(`${group} invoiced order ${id}`);
  }

  @MessagePattern('quotes')
  quote(@Payload() { id }: Order) {
    return { total: id * 10 };
  }
}

@Module({
  imports: [
    PostlogModule.forRoot({ url: process.env['DATABASE_URL']!, group: 'billing', logger: null }),
    PostlogModule.forFeature([Orders]),
  ],
  controllers: [Billing],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: false });
  connectPostlog(app);
  await app.init();
  await app.startAllMicroservices();
  await app.get(PostlogProducer).send(Orders, { id: 7 });
  console.log(await line);
  const { total } = await app.get(PostlogClient).request<{ total: number }>('quotes', { id: 7 });
  console.log(`a quote of ${total}`);
  const refused: unknown = await app
    .get(PostlogProducer)
    .send('no-such-topic', {})
    .catch((error: unknown) => error);
  if (refused instanceof PostlogError) console.log(refused.code);
  await app.close();
  await createTestLog().publish('orders', { id: 8 });
  console.log('a log in memory took it');
}

void main();
