import { MetadataScanner, type DiscoveryService } from '@nestjs/core';
import { handlerExtras } from '../consume/handler-extras.js';
import { keepThrownOf } from '../consume/keep-thrown.js';
import { transportOf } from './tokens.js';

/** Where Nest's decorators of handlers write what they handle. */
const PATTERN = 'microservices:pattern';

/** The name of some handler of a connection, if the application has one. */
export function firstHandler(discovery: DiscoveryService, transportId: symbol): string | undefined {
  for (const { method } of handlerMethods(discovery)) {
    const extras = handlerExtras(method);
    if (extras !== undefined && transportOf(extras.options.connection) === transportId) return extras.name;
  }
  return undefined;
}

/** Has all handlers, `@EventPattern`'s too, say what they really threw. */
export function keepWhatIsThrown(discovery: DiscoveryService): void {
  for (const { prototype, key, method } of handlerMethods(discovery)) keepThrownOf(prototype, key, method);
}

function* handlerMethods(discovery: DiscoveryService) {
  const scanner = new MetadataScanner();
  for (const { metatype } of discovery.getControllers()) {
    const prototype = metatype?.prototype as Record<string, unknown> | undefined;
    if (prototype === undefined) continue;
    for (const key of scanner.getAllMethodNames(prototype)) {
      const method = prototype[key] as object;
      if (Reflect.hasMetadata(PATTERN, method)) yield { prototype, key, method };
    }
  }
}
