import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { PostlogDeadLetters } from '@postlog/nest-transport';
import { RequeuePipe, type Requeue } from './requeue.dto.js';
import { OrdersPlaced, type OrderPlaced } from './topics.js';

/** An order that nobody could mail for, and why. */
interface FailedOrder {
  readonly id: string;
  readonly order: OrderPlaced;
  readonly handler: string | null;
  readonly attempts: number;
  readonly error: string;
  readonly failedAt: string;
}

const GROUP = 'email-service';

/** Orders that the email service gave up, for whoever corrects the cause. */
@Controller('dead-letters')
export class DeadLettersController {
  constructor(@Inject(PostlogDeadLetters) private readonly deadLetters: PostlogDeadLetters) {}

  @Get()
  async list(@Query('run') run?: string): Promise<FailedOrder[]> {
    const letters = await this.deadLetters.list(OrdersPlaced, { group: GROUP, limit: 1_000 });
    const orders = letters.map(({ id, payload, handlerId, attempts, errorName, errorMessage, failedAt }) => ({
      id,
      order: payload as OrderPlaced,
      handler: handlerId,
      attempts,
      error: `${errorName}: ${errorMessage}`,
      failedAt: new Date(Number(failedAt)).toISOString(),
    }));
    return orders.filter(({ order }) => run === undefined || order.run === run);
  }

  /** They are handled again, as if they had just been sent. */
  @Post('requeue')
  @HttpCode(200)
  requeue(@Body(new RequeuePipe()) { ids }: Requeue): Promise<{ readonly requeued: number }> {
    return this.deadLetters.requeue(OrdersPlaced, { group: GROUP, ids });
  }
}
