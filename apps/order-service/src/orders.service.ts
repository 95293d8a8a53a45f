import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { PostlogProducer } from '@postlog/nest-transport';
import type { DataSource, EntityManager, Repository } from 'typeorm';
import { Order } from './order.entity.js';
import type { PlaceOrder } from './place-order.dto.js';
import { OrdersPlaced, type EmailSent, type OrderPlaced } from './topics.js';

export interface Counts {
  readonly orders: number;
  readonly confirmed: number;
  /** Orders whose place in the log is known. */
  readonly published: number;
  /** Orders by the email process that mailed for them. */
  readonly mailedBy: Record<string, number>;
}

/** Where the log keeps a record. */
interface Place {
  readonly partition: number;
  readonly offset: string;
}

/** Saves orders, publishes them, and confirms those whose mail went out. */
@Injectable()
export class OrdersService {
  readonly #sequences = new Map<string, number>();

  constructor(
    @InjectDataSource() private readonly source: DataSource,
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    @Inject(PostlogProducer) private readonly producer: PostlogProducer,
  ) {}

  /** Saves and publishes with one commit: no order without its event, no event without its order. */
  place(placed: PlaceOrder): Promise<Order> {
    return this.source.transaction(async (tx) => {
      const order = await tx.save(tx.create(Order, { ...placed, sequence: this.#next(placed), status: 'placed' }));
      const { id, run, customer, email, item, total, sequence } = order;
      await this.producer.send(OrdersPlaced, { orderId: id, run, customer, email, item, total, sequence }, { tx });
      return order;
    });
  }

  /** The log has it. Its mail may be out already: only an order that is still `placed` becomes `published`. */
  async published(tx: EntityManager, { orderId: id }: OrderPlaced, place: Place): Promise<void> {
    await tx.query(
      `update shop.orders set partition = $2, "offset" = $3, status = case status when 'placed' then 'published' else status end
       where id = $1 and "offset" is null`,
      [id, place.partition, place.offset],
    );
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
        '(count(o.offset))::integer as published',
      ])
      .where({ run })
      .groupBy('o.mailedBy')
      .getRawMany<{ process: string | null; n: number; confirmed: number; published: number }>();
    const mailedBy: Record<string, number> = {};
    for (const { process, n } of rows) if (process !== null) mailedBy[process] = n;
    return {
      orders: rows.reduce((sum, { n }) => sum + n, 0),
      confirmed: rows.reduce((sum, { confirmed }) => sum + confirmed, 0),
      published: rows.reduce((sum, { published }) => sum + published, 0),
      mailedBy,
    };
  }

  list(run: string): Promise<Order[]> {
    return this.orders.find({ where: { run }, order: { createdAt: 'ASC' }, take: 1_000 });
  }

  #next({ run, customer }: PlaceOrder): number {
    const key = JSON.stringify([run, customer]);
    const next = (this.#sequences.get(key) ?? 0) + 1;
    this.#sequences.set(key, next);
    return next;
  }
}
