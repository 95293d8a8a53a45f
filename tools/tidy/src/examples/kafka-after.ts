/** What docs/guide/from-the-kafka-transport.md comes to. */
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  defineTopic,
  PostlogClient,
  postlogMicroservice,
  PostlogModule,
  PostlogProducer,
} from '@postlog/nest-transport';

interface OrderPlaced {
  readonly orderId: string;
  readonly customer: string;
  readonly item: string;
}

@Controller()
export class Billing {
  constructor(
    private readonly client: PostlogClient,
    private readonly producer: PostlogProducer,
  ) {}

  @EventPattern('orders.placed')
  async invoice(@Payload() order: OrderPlaced) {
    const { price } = await this.client.request<{ price: number }>('quotes', { item: order.item });
    await this.producer.send('invoices.issued', { orderId: order.orderId, price }, { key: order.customer });
  }

  @MessagePattern('quotes')
  quote(@Payload() { item }: { item: string }) {
    return { price: item.length };
  }
}

@Module({
  imports: [
    PostlogModule.forRoot({ url: process.env['DATABASE_URL']!, group: 'billing', retry: { attempts: 5 } }),
    PostlogModule.forFeature([defineTopic('orders.placed'), defineTopic('invoices.issued')]),
  ],
  controllers: [Billing],
})
export class AppModule {}

export async function main() {
  const app = await NestFactory.createMicroservice(AppModule, postlogMicroservice());
  app.enableShutdownHooks();
  await app.listen();
  return app;
}
