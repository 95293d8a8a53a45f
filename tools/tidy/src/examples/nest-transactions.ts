/** The code of docs/guide on transactions and failures in Nest: its blocks stand in here, line by line. */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import {
  Consumer,
  defineTopic,
  NonRetriableError,
  PostlogContext,
  PostlogDeadLetters,
  PostlogModule,
  PostlogProducer,
  Subscribe,
  Tx,
} from '@postlog/nest-transport';
import { DataSource, Entity, EntityManager, PrimaryColumn } from 'typeorm';

interface OrderPlaced {
  readonly orderId: string;
  readonly total: number;
}

export const OrdersPlaced = defineTopic<OrderPlaced>('orders.placed');
export const InvoicesIssued = defineTopic<{ orderId: string }>('invoices.issued');

@Entity('placed_order')
export class Order {
  @PrimaryColumn('text')
  orderId!: string;
}

@Entity('invoice')
export class Invoice {
  @PrimaryColumn('text')
  orderId!: string;
}

@Injectable()
export class Shop {
  constructor(
    private readonly source: DataSource,
    private readonly producer: PostlogProducer,
  ) {}

  place(order: OrderPlaced) {
    return this.source.transaction(async (tx) => {
      await tx.save(Order, { orderId: order.orderId });
      await this.producer.send(OrdersPlaced, order, { tx }); // stored after the commit, never after a rollback
    });
  }
}

@Consumer({ group: 'billing' })
export class Billing {
  constructor(private readonly producer: PostlogProducer) {}

  @Subscribe(OrdersPlaced, { id: 'invoices', transaction: true, retry: { attempts: 5, delayMs: 500 } })
  async invoice(@Payload() order: OrderPlaced, @Tx() tx: EntityManager, @Ctx() context: PostlogContext) {
    if (order.total < 0) throw new NonRetriableError('a total below zero'); // a dead letter at once
    if (order.total === 0) context.skip(); // nothing to do
    await tx.insert(Invoice, { orderId: order.orderId });
    await this.producer.send(InvoicesIssued, { orderId: order.orderId }); // in the same transaction
  }
}

@Injectable()
export class Support {
  constructor(private readonly deadLetters: PostlogDeadLetters) {}

  async sendBack(handlerId: string) {
    const letters = await this.deadLetters.list(OrdersPlaced, { group: 'billing', handlerId });
    for (const { payload, errorName, errorMessage, attempts } of letters)
      console.log(payload, errorName, errorMessage, attempts);
    return this.deadLetters.requeue(OrdersPlaced, { group: 'billing', handlerId }); // or purge
  }
}

@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      useFactory: () => ({ type: 'postgres' as const, url: process.env['DATABASE_URL']!, entities: [Order, Invoice] }),
    }),
    PostlogModule.forRootAsync({
      inject: [getDataSourceToken()],
      useFactory: (dataSource: DataSource) => ({
        url: process.env['DATABASE_URL']!,
        dataSource, // whose transactions handlers get
        ambientTx: () => dataSource.manager, // with typeorm-transactional; with @nestjs-cls/transactional its TransactionHost
        retry: { maxDelayMs: 10_000 }, // of handlers that do not say
      }),
    }),
    PostlogModule.forFeature([OrdersPlaced, InvoicesIssued]),
  ],
  controllers: [Billing],
  providers: [Shop, Support],
})
export class TransactionsModule {}
