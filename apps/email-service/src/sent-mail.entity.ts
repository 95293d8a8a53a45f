import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** The claim of a mail: written in the transaction that commits how far the service is, so that each is there once. */
@Entity({ name: 'sent', schema: 'emails' })
export class SentMail {
  /** Of the record that asked for it. */
  @PrimaryColumn('text')
  idempotencyKey!: string;

  @Column('text')
  orderId!: string;

  /** The email process that sent it. */
  @Column('text')
  process!: string;

  @CreateDateColumn({ type: 'timestamptz' })
  sentAt!: Date;
}
