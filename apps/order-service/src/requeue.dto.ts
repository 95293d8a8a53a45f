import { BadRequestException, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';

const schema = z.strictObject({ ids: z.array(z.string().max(100)).min(1).max(1_000) });

export type Requeue = z.infer<typeof schema>;

/** Checks the body of `POST /dead-letters/requeue`. */
export class RequeuePipe implements PipeTransform<unknown, Requeue> {
  transform(body: unknown): Requeue {
    const result = schema.safeParse(body);
    if (result.success) return result.data;
    throw new BadRequestException('give { "ids": ["…"] }, as GET /dead-letters names them');
  }
}
