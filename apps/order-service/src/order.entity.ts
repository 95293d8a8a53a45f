import { Column, CreateDateColumn, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** `placed`: saved; `published`: in the log; `confirmed`: its mail went out. */
export type OrderStatus = 'placed' | 'published' | 'confirmed';

@Entity({ name: 'orders', schema: 'shop' })
export class Order {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  /** Which run of the sample placed it. */
  @Index()
  @Column('text')
  run!: string;

  @Column('text')
  customer!: string;

  @Column('text')
  email!: string;

  @Column('text')
  item!: string;

  /** Cents. */
  @Column('integer')
  total!: number;

  @Column('integer')
  sequence!: number;

  @Index()
  @Column('text')
  status!: OrderStatus;

  /** Where the log keeps it, once it is there. */
  @Column('integer', { nullable: true })
  partition!: number | null;

  @Column('text', { nullable: true })
  offset!: string | null;

  /** The email process that mailed the customer. */
  @Column('text', { nullable: true })
  mailedBy!: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
