import { Inject, type OnApplicationShutdown } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Consumer, PostlogContext, PostlogProducer, Subscribe } from '@postlog/nest-transport';
import { createTransport, type Transporter } from 'nodemailer';
import type { Options as PoolOptions } from 'nodemailer/lib/smtp-pool/index.js';
import { CONFIG, type Config } from './config.js';
import { mailFor, type OrderPlaced } from './mail.js';
import { EmailsSent, OrdersPlaced } from './topics.js';

/** Mails each customer for each order, then says so. At least once: a crash between the two mails again. */
@Consumer({ group: 'email-service' })
export class EmailsController implements OnApplicationShutdown {
  readonly #mailer: Transporter;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(PostlogProducer) private readonly producer: PostlogProducer,
  ) {
    this.#mailer = createTransport({ url: config.smtpUrl, pool: true, maxConnections: 4 } as PoolOptions);
  }

  @Subscribe(OrdersPlaced)
  async mail(@Payload() order: OrderPlaced, @Ctx() context: PostlogContext): Promise<void> {
    await this.#mailer.sendMail(mailFor(order, context.idempotencyKey));
    const sent = { orderId: order.orderId, run: order.run, process: this.config.processId };
    await this.producer.send(EmailsSent, sent, { key: order.customer });
  }

  onApplicationShutdown(): void {
    this.#mailer.close();
  }
}
