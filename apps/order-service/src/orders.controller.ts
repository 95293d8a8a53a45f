import {
  Body,
  Controller,
  Get,
  Inject,
  NotFoundException,
  Param,
  ParseUUIDPipe,
  Post,
  Query,
  ServiceUnavailableException,
} from '@nestjs/common';
import { PostlogHealthIndicator, type PostlogHealth } from '@postlog/nest-transport';
import { Analytics, type RunFigures } from './analytics.js';
import type { Order } from './order.entity.js';
import { OrdersService, type Counts } from './orders.service.js';
import { PlaceOrderPipe, type PlaceOrder } from './place-order.dto.js';

@Controller()
export class OrdersController {
  constructor(
    @Inject(OrdersService) private readonly orders: OrdersService,
    @Inject(Analytics) private readonly analytics: Analytics,
    @Inject(PostlogHealthIndicator) private readonly log: PostlogHealthIndicator,
  ) {}

  @Post('orders')
  place(@Body(new PlaceOrderPipe()) order: PlaceOrder): Promise<Order> {
    return this.orders.place(order);
  }

  @Get('orders')
  list(@Query('run') run = 'by hand'): Promise<Order[]> {
    return this.orders.list(run);
  }

  @Get('orders/:id')
  async find(@Param('id', new ParseUUIDPipe()) id: string): Promise<Order> {
    const order = await this.orders.find(id);
    if (order === null) throw new NotFoundException(`there is no order ${id}`);
    return order;
  }

  @Get('counts')
  count(@Query('run') run = 'by hand'): Promise<Counts> {
    return this.orders.count(run);
  }

  @Get('analytics')
  figures(@Query('run') run = 'by hand'): RunFigures {
    return this.analytics.figures(run);
  }

  /** 503 while a consumer is dead or stuck, or the log cannot be reached. */
  @Get('health')
  async health(): Promise<{ readonly log: PostlogHealth }> {
    const health = await this.log.check('log', { maxLag: 10_000, maxSilenceMs: 30_000 });
    if (health.log.status === 'down') throw new ServiceUnavailableException(health);
    return health;
  }
}
