import { Inject, type OnApplicationShutdown } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Consumer, NonRetriableError, PostlogContext, PostlogProducer, Subscribe, Tx } from '@postlog/nest-transport';
import { createTransport, type Transporter } from 'nodemailer';
import type { Options as PoolOptions } from 'nodemailer/lib/smtp-pool/index.js';
import type { EntityManager } from 'typeorm';
import { CONFIG, type Config } from './config.js';
import { isGiftCard, mailFor, type OrderPlaced } from './mail.js';
import { SentMail } from './sent-mail.entity.js';
import { EmailsSent, OrdersPlaced } from './topics.js';

/**
 * Mails each customer for each order, then says so. The claim, what is said and how far the service is are one commit, so each is there
 * once; the mail itself is no row, and a crash before that commit sends it again, with the same Message-ID.
 */
@Consumer({ group: 'email-service' })
export class EmailsController implements OnApplicationShutdown {
  readonly #mailer: Transporter;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(PostlogProducer) private readonly producer: PostlogProducer,
  ) {
    this.#mailer = createTransport({ url: config.smtpUrl, pool: true, maxConnections: 4 } as PoolOptions);
  }

  @Subscribe(OrdersPlaced, { id: 'mails', transaction: true })
  async mail(@Payload() order: OrderPlaced, @Ctx() context: PostlogContext, @Tx() tx: EntityManager): Promise<void> {
    if (isGiftCard(order) && !this.config.giftCards)
      throw new NonRetriableError(`there is no text yet for the mail of a gift card (order ${order.orderId})`);
    const { processId } = this.config;
    const { idempotencyKey } = context;
    if (!(await claim(tx, { idempotencyKey, orderId: order.orderId, process: processId }))) return;
    await this.#mailer.sendMail(mailFor(order, idempotencyKey));
    const sent = { orderId: order.orderId, run: order.run, process: processId };
    await this.producer.send(EmailsSent, sent, { key: order.customer });
  }

  onApplicationShutdown(): void {
    this.#mailer.close();
  }
}

/** False when the record was mailed for before. */
async function claim(tx: EntityManager, mail: Omit<SentMail, 'sentAt'>): Promise<boolean> {
  const insert = tx.createQueryBuilder().insert().into(SentMail).values(mail).orIgnore().returning('"orderId"');
  const { raw } = await insert.execute();
  return (raw as unknown[]).length > 0;
}
