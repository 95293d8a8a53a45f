import { defineTopic } from '@postlog/nest-transport';
import { z } from 'zod';

/** An order, as the rest of the company learns of it. Keyed by customer: one customer's orders stay in order. */
export interface OrderPlaced {
  readonly orderId: string;
  readonly run: string;
  readonly customer: string;
  readonly email: string;
  readonly item: string;
  /** Cents. */
  readonly total: number;
  /** Counts one customer's orders within a run, from 1. */
  readonly sequence: number;
}

/** A mail went out for an order. */
export interface EmailSent {
  readonly orderId: string;
  readonly run: string;
  /** Which email process sent it. */
  readonly process: string;
}

export const OrdersPlaced = defineTopic<OrderPlaced>('orders.placed', {
  key: ({ customer }) => customer,
  schema: z.object({
    orderId: z.string(),
    run: z.string(),
    customer: z.string(),
    email: z.string(),
    item: z.string(),
    total: z.number().int(),
    sequence: z.number().int().min(1),
  }),
});

export const EmailsSent = defineTopic<EmailSent>('emails.sent', {
  schema: z.object({ orderId: z.string(), run: z.string(), process: z.string() }),
});
