import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { headerText } from '../publish/control-headers.js';
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
