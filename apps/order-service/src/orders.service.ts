import {
  Inject,
  Injectable,
  Logger,
  ServiceUnavailableException,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { PostlogProducer } from '@postlog/nest-transport';
import { LessThan, type Repository } from 'typeorm';
import { Order } from './order.entity.js';
import type { PlaceOrder } from './place-order.dto.js';
import { OrdersPlaced, type EmailSent, type OrderPlaced } from './topics.js';

export interface Counts {
  readonly orders: number;
  readonly confirmed: number;
  /** Orders by the email process that mailed for them. */
  readonly mailedBy: Record<string, number>;
}

const SWEEP_EVERY_MS = 5_000;

/** Saves orders, publishes them, and confirms those whose mail went out. */
@Injectable()
export class OrdersService implements OnModuleInit, OnModuleDestroy {
  readonly #logger = new Logger(OrdersService.name);
  readonly #sequences = new Map<string, number>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    @Inject(PostlogProducer) private readonly producer: PostlogProducer,
  ) {}

  onModuleInit(): void {
    this.#sweep = setInterval(() => void this.#publishForgotten(), SWEEP_EVERY_MS);
  }

  onModuleDestroy(): void {
    clearInterval(this.#sweep);
  }

  /**
   * Saves, then publishes. When the log cannot be reached the order stays `placed` and the sweep publishes it later; a second
   * publication of one order does no harm, since mails and confirmations go by its id.
   */
  async place(placed: PlaceOrder): Promise<Order> {
    const order = await this.orders.save(
      this.orders.create({ ...placed, sequence: this.#next(placed), status: 'placed' }),
    );
    try {
      return await this.#publish(order);
    } catch (error) {
      this.#logger.warn(`order ${order.id} is saved and will be published later: ${String(error)}`);
      throw new ServiceUnavailableException(
        `order ${order.id} is saved; it is published as soon as the log can be reached`,
      );
    }
  }

  find(id: string): Promise<Order | null> {
    return this.orders.findOneBy({ id });
  }

  async confirm({ orderId, process }: EmailSent): Promise<void> {
    await this.orders.update({ id: orderId }, { status: 'confirmed', mailedBy: process });
  }

  /** In one statement: the numbers fit each other. */
  async count(run: string): Promise<Counts> {
    const rows = await this.orders
      .createQueryBuilder('o')
      .select([
        'o.mailedBy as process',
        'count(*)::integer as n',
        `(count(*) filter (where o.status = 'confirmed'))::integer as confirmed`,
      ])
      .where({ run })
      .groupBy('o.mailedBy')
      .getRawMany<{ process: string | null; n: number; confirmed: number }>();
    const mailedBy: Record<string, number> = {};
    for (const { process, n } of rows) if (process !== null) mailedBy[process] = n;
    return {
      orders: rows.reduce((sum, { n }) => sum + n, 0),
      confirmed: rows.reduce((sum, { confirmed }) => sum + confirmed, 0),
      mailedBy,
    };
  }

  list(run: string): Promise<Order[]> {
    return this.orders.find({ where: { run }, order: { createdAt: 'ASC' }, take: 1_000 });
  }

  async #publish(order: Order): Promise<Order> {
    const { id, run, customer, email, item, total, sequence } = order;
    const event: OrderPlaced = { orderId: id, run, customer, email, item, total, sequence };
    const { partition, baseOffset } = await this.producer.send(OrdersPlaced, event);
    const place = { partition, offset: baseOffset };
    // Its mail may be out already: only an order that is still `placed` becomes `published`.
    await this.orders.update({ id, status: 'placed' }, { status: 'published' });
    await this.orders.update({ id }, place);
    return Object.assign(order, place, { status: 'published' as const });
  }

  /** Orders whose publication failed, or whose process died before it. */
  async #publishForgotten(): Promise<void> {
    try {
      const before = new Date(Date.now() - SWEEP_EVERY_MS);
      const forgotten = await this.orders.find({
        where: { status: 'placed', createdAt: LessThan(before) },
        order: { createdAt: 'ASC' },
        take: 100,
      });
      for (const order of forgotten) await this.#publish(order);
    } catch (error) {
      this.#logger.warn(`publishing saved orders failed and is tried again: ${String(error)}`);
    }
  }

  #next({ run, customer }: PlaceOrder): number {
    const key = JSON.stringify([run, customer]);
    const next = (this.#sequences.get(key) ?? 0) + 1;
    this.#sequences.set(key, next);
    return next;
  }
}
