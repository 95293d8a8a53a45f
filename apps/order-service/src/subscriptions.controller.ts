import { Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { Consumer, Subscribe } from '@postlog/nest-transport';
import { Analytics } from './analytics.js';
import { OrdersService } from './orders.service.js';
import { EmailsSent, OrdersPlaced, type EmailSent, type OrderPlaced } from './topics.js';

/** What the order service hears: two groups of its own, each with its own offsets. */
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

  @Subscribe(OrdersPlaced, { group: 'analytics' })
  count(@Payload() order: OrderPlaced): void {
    this.analytics.record(order);
  }
}
