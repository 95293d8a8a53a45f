import { PostlogError } from '../errors/postlog-error.js';
import type { Lease, MetadataChange, MetadataEntry, MetadataStore } from '../metadata/metadata-store.js';

/** The lease under which a change is decided; a newer holder's epoch refuses it. */
export type Fence = Pick<Lease, 'name' | 'epoch'>;

export interface Plan<T> {
  /** None: there is nothing to do. */
  readonly changes: readonly MetadataChange[];
  /** What to answer once they are made. */
  readonly answer: T;
}

/** How often a change is planned anew because others were faster. */
const MOST_PLANS = 30;
/** How often the same commit is sent again because its outcome is unknown. */
const MOST_SENDINGS = 3;

/**
 * Reads and plans, then commits if nothing changed meanwhile, else plans again.
 *
 * @throws PostlogError `KAFKA_STORAGE_ERROR` when others were faster every time; else as `commitForSure`.
 */
export async function compareAndSet<T>(
  store: MetadataStore,
  plan: () => Promise<Plan<T>>,
  fence: Fence | undefined,
): Promise<T> {
  for (let attempt = 0; attempt < MOST_PLANS; attempt++) {
    const { changes, answer } = await plan();
    if (changes.length === 0 || (await commitForSure(store, changes, fence))) return answer;
  }
  throw new PostlogError('KAFKA_STORAGE_ERROR', `metadata changed under each of ${MOST_PLANS} attempts; try again.`);
}

/**
 * Commits and learns what became of it: false when a comparison failed. A lost answer is looked up; where the commit may
 * be on its way still, the same is sent again, since of two with one expected revision only one can take effect.
 *
 * @throws PostlogError `NOT_CONTROLLER` when the fence refused it; any with `outcome: 'unknown'` when the store stays away.
 */
export async function commitForSure(
  store: MetadataStore,
  changes: readonly MetadataChange[],
  fence: Fence | undefined,
): Promise<boolean> {
  let lost: PostlogError | undefined;
  for (let sending = 0; sending < MOST_SENDINGS; sending++) {
    let isAnswered = true;
    try {
      if ((await store.commit(changes, fence)) !== undefined) return true;
    } catch (error) {
      if (!(error instanceof PostlogError) || error.outcome !== 'unknown') throw lost ?? error;
      lost = error;
      isAnswered = false;
    }
    if (lost === undefined && fence === undefined) return false;
    const found = await lookUp(store, changes).catch((error: unknown) => Promise.reject(lost ?? error));
    if (found !== 'open') return found === 'made' && lost !== undefined;
    // The comparisons hold now, and revisions never come back: so they held then, and it was the fence.
    if (isAnswered) throw fenced(fence);
  }
  throw lost;
}

/** The entry of exactly this key. */
export async function findEntry(store: MetadataStore, key: string): Promise<MetadataEntry | undefined> {
  return (await store.list(key)).entries.find((entry) => entry.key === key);
}

/** `open`: every comparison still holds. `made`: all is as it should become. `overtaken`: neither, so it can take effect no more. */
async function lookUp(
  store: MetadataStore,
  changes: readonly MetadataChange[],
): Promise<'open' | 'made' | 'overtaken'> {
  const { entries } = await store.list(changes.length === 1 ? changes[0]!.key : '');
  const found = new Map<string, MetadataEntry>(entries.map((entry) => [entry.key, entry]));
  if (changes.every(({ key, expectedRevision }) => (found.get(key)?.revision ?? 0n) === expectedRevision))
    return 'open';
  const isMade = changes.every(({ key, value }) => value === undefined || (found.get(key)?.value ?? null) === value);
  return isMade ? 'made' : 'overtaken';
}

function fenced(fence: Fence | undefined): PostlogError {
  return new PostlogError(
    'NOT_CONTROLLER',
    `the lease ${fence?.name} of epoch ${fence?.epoch} has passed to another holder; that one decides now.`,
  );
}
