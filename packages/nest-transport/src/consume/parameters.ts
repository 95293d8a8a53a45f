import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { PostlogError } from '@postlog/core';
import { headerText } from '../publish/control-headers.js';
import type { HandlingContext } from './handling.context.js';
import type { PostlogContext } from './postlog.context.js';

const contextOf = (execution: ExecutionContext): PostlogContext => execution.switchToRpc().getContext<PostlogContext>();

/** The record's key as text, or null. As soon as one parameter is decorated, decorate the payload too (`@Payload()`). */
export const Key: () => ParameterDecorator = createParamDecorator(
  (_data: unknown, execution: ExecutionContext) => contextOf(execution).key,
);

/** One header as text, undefined where it is not there; the first where there are several. */
export const Header: (name: string) => ParameterDecorator = createParamDecorator(
  (name: string, execution: ExecutionContext) => headerText(contextOf(execution).headers, name),
);

/** All headers, as they came. */
export const Headers: () => ParameterDecorator = createParamDecorator(
  (_data: unknown, execution: ExecutionContext) => contextOf(execution).headers,
);

/** The record's offset, a decimal string. */
export const Offset: () => ParameterDecorator = createParamDecorator(
  (_data: unknown, execution: ExecutionContext) => contextOf(execution).offset,
);

/**
 * The transaction of a handler with `transaction: true`, as `context.tx`: TypeORM's `EntityManager` where the module has a `dataSource`.
 *
 * @throws PostlogError `INVALID_TXN_STATE` in a handler without one
 */
export const Tx: () => ParameterDecorator = createParamDecorator((_data: unknown, execution: ExecutionContext) => {
  const { tx, handler } = execution.switchToRpc().getContext<HandlingContext>();
  if (tx !== undefined) return tx;
  throw new PostlogError(
    'INVALID_TXN_STATE',
    `${handler} has @Tx() and no transaction; write @Subscribe(topic, { transaction: true }), or leave out @Tx().`,
  );
});
