/** What docs/guide/from-the-kafka-transport.md begins with: compiled, and not run, since it needs a Kafka. */
import 'reflect-metadata';
import { Controller, Inject, Module, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientKafka,
  ClientsModule,
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
  type KafkaOptions,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';

interface OrderPlaced {
  readonly orderId: string;
  readonly customer: string;
  readonly item: string;
}

const kafka: NonNullable<KafkaOptions['options']> = {
  client: { clientId: 'billing', brokers: ['localhost:9092'] },
  consumer: { groupId: 'billing' }, // "billing-server", in truth
};

@Controller()
export class Billing implements OnModuleInit {
  constructor(@Inject('KAFKA') private readonly client: ClientKafka) {}

  async onModuleInit() {
    this.client.subscribeToResponseOf('quotes');
    await this.client.connect();
  }

  @EventPattern('orders.placed')
  async invoice(@Payload() order: OrderPlaced) {
    const { price } = await firstValueFrom(this.client.send<{ price: number }>('quotes', { item: order.item }));
    const value = { orderId: order.orderId, price };
    await firstValueFrom(this.client.emit('invoices.issued', { key: order.customer, value }));
  }

  @MessagePattern('quotes')
  quote(@Payload() { item }: { item: string }) {
    return { price: item.length };
  }
}

@Module({
  imports: [ClientsModule.register([{ name: 'KAFKA', transport: Transport.KAFKA, options: kafka }])],
  controllers: [Billing],
})
export class AppModule {}

export async function main() {
  const app = await NestFactory.createMicroservice<KafkaOptions>(AppModule, {
    transport: Transport.KAFKA,
    options: kafka,
  });
  await app.listen();
}
