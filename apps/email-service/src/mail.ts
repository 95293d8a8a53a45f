/** What the email service needs to know of an order. */
export interface OrderPlaced {
  readonly orderId: string;
  readonly run: string;
  readonly customer: string;
  readonly email: string;
  readonly item: string;
  readonly total: number;
}

/** Sold before anybody had written the mail for it: the sample's poison, until `GIFT_CARDS=1` brings the text. */
export function isGiftCard({ item }: Pick<OrderPlaced, 'item'>): boolean {
  return item === 'a gift card';
}

export interface Mail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
  readonly headers: Record<string, string>;
}

/**
 * The mail for an order. Its Message-ID is built from the record's place in the log, so a mail that is sent again after a
 * crash is the same mail to whoever receives it.
 */
export function mailFor(order: OrderPlaced, idempotencyKey: string): Mail {
  return {
    from: '"The shop" <orders@shop.example>',
    to: order.email,
    subject: `Your order ${order.orderId}`,
    text: `Dear ${order.customer},\n\nthank you for ordering ${order.item} for ${(order.total / 100).toFixed(2)}.\n`,
    messageId: `<${idempotencyKey.replaceAll(/[^a-zA-Z0-9.-]/g, '.')}.${order.orderId}@shop.example>`,
    headers: { 'X-Order-Id': order.orderId, 'X-Run': order.run },
  };
}
