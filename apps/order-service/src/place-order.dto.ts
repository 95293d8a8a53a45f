import { BadRequestException, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';

const schema = z.strictObject({
  customer: z.string().trim().min(1).max(100),
  email: z.email().max(200),
  item: z.string().trim().min(1).max(200),
  total: z.number().int().min(1).max(100_000_000),
  run: z.string().max(100).default('by hand'),
});

export type PlaceOrder = z.infer<typeof schema>;

/** Checks the body of `POST /orders`; a 400 names every field that is wrong and what it takes. */
export class PlaceOrderPipe implements PipeTransform<unknown, PlaceOrder> {
  transform(body: unknown): PlaceOrder {
    const result = schema.safeParse(body);
    if (result.success) return result.data;
    throw new BadRequestException(
      result.error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)),
    );
  }
}
