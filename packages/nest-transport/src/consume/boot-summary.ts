import type { Route } from './route.js';

/** One text for the log at boot: what is consumed, by whom. */
export function bootSummary(routes: readonly Route[], consume: boolean, warnings: readonly string[] = []): string {
  const title = consume
    ? `consumes ${routes.length} subscription${routes.length === 1 ? '' : 's'}`
    : 'consumes nothing here (consume: false)';
  const lines = consume ? routes.map(lineOf) : [];
  return [title, ...lines, ...warnings.map((warning) => `! ${warning}`)].join('\n  ');
}

function lineOf({ topic, group, handlers, settings, isPerInstance }: Route): string {
  const names = handlers.map(({ name, types, takes, id }) => {
    const said = [id, takes === 'batches' ? 'batches' : undefined, types?.map((type) => `"${type}"`).join('|')];
    const details = said.filter((each) => each !== undefined).join(', ');
    return details === '' ? name : `${name} (${details})`;
  });
  const pace = [
    settings.concurrency === undefined ? undefined : `concurrency ${settings.concurrency}`,
    settings.keyConcurrency === undefined ? undefined : `keyConcurrency ${settings.keyConcurrency}`,
    settings.transaction === true ? 'in transactions' : undefined,
    isPerInstance ? 'this process alone' : undefined,
  ].filter((each) => each !== undefined);
  return [`${String(topic)} → ${group}: ${names.join(', ')}`, ...pace].join('; ');
}
