import { defineTopic } from '@postlog/nest-transport';
import type { OrderPlaced } from './mail.js';

/** A mail went out for an order. */
interface EmailSent {
  readonly orderId: string;
  readonly run: string;
  /** Which email process sent it. */
  readonly process: string;
}

export const OrdersPlaced = defineTopic<OrderPlaced>('orders.placed');
export const EmailsSent = defineTopic<EmailSent>('emails.sent');
