import { Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Consumer, PostlogContext, Subscribe, Tx } from '@postlog/nest-transport';
import type { EntityManager } from 'typeorm';
import { Analytics } from './analytics.js';
import { OrdersService } from './orders.service.js';
import { EmailsSent, OrdersPlaced, type EmailSent, type OrderPlaced } from './topics.js';

/** What the order service hears: three groups of its own, each with its own offsets. */
@Consumer()
export class SubscriptionsController {
  constructor(
    @Inject(OrdersService) private readonly orders: OrdersService,
    @Inject(Analytics) private readonly analytics: Analytics,
  ) {}

  @Subscribe(EmailsSent, { group: 'order-confirmations' })
  async confirm(@Payload() sent: EmailSent): Promise<void> {
    await this.orders.confirm(sent);
  }

  @Subscribe(OrdersPlaced, { group: 'order-places', transaction: true })
  async published(
    @Payload() order: OrderPlaced,
    @Ctx() { partition, offset }: PostlogContext,
    @Tx() tx: EntityManager,
  ) {
    await this.orders.published(tx, order, { partition, offset });
  }

  @Subscribe(OrdersPlaced, { group: 'analytics' })
  count(@Payload() order: OrderPlaced): void {
    this.analytics.record(order);
  }
}
