import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { Subscribe } from '@postlog/nest-transport';
import { Analytics } from './analytics.js';
import { OrdersService } from './orders.service.js';
import { EMAILS_SENT, ORDERS_PLACED, type EmailSent, type OrderPlaced } from './topics.js';

/** What the order service hears: two groups of its own, each with its own offsets. */
@Controller()
export class SubscriptionsController {
  constructor(
    @Inject(OrdersService) private readonly orders: OrdersService,
    @Inject(Analytics) private readonly analytics: Analytics,
  ) {}

  @Subscribe(EMAILS_SENT, { group: 'order-confirmations' })
  async confirm(@Payload() sent: EmailSent): Promise<void> {
    await this.orders.confirm(sent);
  }

  @Subscribe(ORDERS_PLACED, { group: 'analytics' })
  count(@Payload() order: OrderPlaced): void {
    this.analytics.record(order);
  }
}
