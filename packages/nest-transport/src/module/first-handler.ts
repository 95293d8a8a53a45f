import { MetadataScanner, type DiscoveryService } from '@nestjs/core';
import { handlerExtras } from '../consume/handler-extras.js';
import { transportOf } from './tokens.js';

/** The name of some handler of a connection, if the application has one. */
export function firstHandler(discovery: DiscoveryService, transportId: symbol): string | undefined {
  const scanner = new MetadataScanner();
  for (const { metatype } of discovery.getControllers()) {
    const prototype = metatype?.prototype as Record<string, unknown> | undefined;
    if (prototype === undefined) continue;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const extras = handlerExtras(prototype[name] as object);
      if (extras !== undefined && transportOf(extras.options.connection) === transportId) return extras.name;
    }
  }
  return undefined;
}
