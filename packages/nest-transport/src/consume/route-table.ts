import { isDeepStrictEqual } from 'node:util';
import { PostlogError } from '@postlog/core';
import type { Handler, HandlerDefinition, Route, RouteSettings } from './route.js';

/** All subscriptions of one connection; what would be handled twice, or by chance, is refused when it is added. */
export class RouteTable {
  readonly #routes = new Map<string, HandlerDefinition[]>();

  /** @throws PostlogError `INVALID_CONFIG` that names both handlers and the line to change. */
  add(definition: HandlerDefinition): void {
    const all = [...this.#routes.values()].flat();
    refuseSameId(definition, all);
    refuseOverlap(definition, all);
    const key = `${String(definition.topic)}@${definition.group}`;
    const others = this.#routes.get(key) ?? [];
    for (const other of others) refuseConflict(definition, other);
    this.#routes.set(key, [...others, definition]);
  }

  get all(): readonly Route[] {
    return [...this.#routes.values()].map((definitions) => {
      const { topic, group, isPerInstance } = definitions[0]!;
      const handlers = definitions.map(({ handler }) => handler);
      return { topic, group, isPerInstance, settings: merged(definitions), handlers };
    });
  }
}

function merged(definitions: readonly HandlerDefinition[]): RouteSettings {
  const settings = definitions.map((definition) => definition.settings);
  const given = <Name extends keyof RouteSettings>(name: Name) =>
    settings.map((each) => each[name]).find((value) => value !== undefined);
  return {
    fromBeginning: settings[0]!.fromBeginning,
    concurrency: given('concurrency'),
    keyConcurrency: given('keyConcurrency'),
    transaction: given('transaction'),
    retry: given('retry'),
    onExhausted: given('onExhausted'),
    maxParked: given('maxParked'),
  };
}

function refuseSameId({ handler }: HandlerDefinition, all: readonly HandlerDefinition[]): void {
  const same = all.find((other) => handler.id !== undefined && other.handler.id === handler.id);
  if (same !== undefined)
    throw refused(`${handler.name} and ${same.handler.name} have the id "${handler.id}"; give one of them another`);
}

/** Two members of one group, where one's pattern takes in the other's topic, would share its records by chance. */
function refuseOverlap({ topic, group, handler }: HandlerDefinition, all: readonly HandlerDefinition[]): void {
  const overlapping = all.find(
    (other) => other.group === group && (matches(topic, other.topic) || matches(other.topic, topic)),
  );
  if (overlapping !== undefined) {
    throw refused(
      `${handler.name} and ${overlapping.handler.name} share group ${group}, and ${String(topic)} overlaps with ` +
        `${String(overlapping.topic)}: each record would be handled by one of them only; give one another group`,
    );
  }
}

function refuseConflict(definition: HandlerDefinition, other: HandlerDefinition): void {
  const both = `${other.handler.name} and ${definition.handler.name}`;
  const place = `${String(definition.topic)} in group ${definition.group}`;
  const shared = sharedWork(definition.handler, other.handler);
  if (shared !== undefined) {
    throw refused(
      `two handlers subscribe to ${shared}${place}, ${both}: each record would be handled by one of them only; ` +
        `write @Subscribe('${String(definition.topic)}', { group: '${definition.group}-2' }) at one`,
    );
  }
  if ((definition.settings.transaction ?? false) !== (other.settings.transaction ?? false)) {
    throw refused(
      `${both} are one subscription to ${place}, and one of them only has transaction: true; give it to both, or one another group`,
    );
  }
  for (const name of ['concurrency', 'keyConcurrency', 'fromBeginning', 'retry', 'onExhausted', 'maxParked'] as const) {
    const [here, there] = [definition.settings[name], other.settings[name]];
    if (here !== undefined && there !== undefined && !isDeepStrictEqual(here, there))
      throw refused(
        `${both} are one subscription to ${place} and differ in ${name}: ${shown(there)} and ${shown(here)}; give it once`,
      );
  }
}

/** What two handlers of one subscription would both take. */
function sharedWork(one: Handler, other: Handler): string | undefined {
  if (one.takes === 'batches' || other.takes === 'batches') return '';
  if (one.takes === 'requests' || other.takes === 'requests')
    return one.takes === other.takes && one.pattern === other.pattern ? `requests ${one.pattern} of ` : undefined;
  if (one.types === undefined || other.types === undefined) return one.types === other.types ? '' : undefined;
  const type = one.types.find((each) => other.types?.includes(each));
  return type === undefined ? undefined : `type "${type}" of `;
}

function matches(pattern: string | RegExp, topic: string | RegExp): boolean {
  return (
    pattern instanceof RegExp &&
    typeof topic === 'string' &&
    new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).test(topic)
  );
}

function refused(detail: string): PostlogError {
  return new PostlogError('INVALID_CONFIG', `${detail}.`);
}

function shown(value: unknown): string {
  return JSON.stringify(value);
}
