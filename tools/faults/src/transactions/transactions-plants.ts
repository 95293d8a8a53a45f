import pg from 'pg';
import { APPEND_ONLY, CURSOR_INDEX, NOTHING } from './planted.store.js';
import type { TransactionsProbe } from './probe.store.js';
import { clientSettings, inTransaction } from './worker-context.js';
import type { WorkerOptions } from './worker-options.js';

interface TransactionPlant {
  readonly what: string;
  /** It breaks what a cluster does otherwise. */
  readonly isOfOneBroker?: boolean;
}

/** Faults of the product itself, made on purpose, so that the checker shows what it can find. They live in this tool alone. */
export const TRANSACTION_PLANTS: Readonly<Record<string, TransactionPlant>> = {
  'offset-outside-transaction': { what: 'the offset is committed before the handler’s transaction, apart from it' },
  'no-claim-fence': { what: 'commits compare neither the claim’s epoch nor its mark' },
  'sequence-cursor': {
    what: 'the sequencer takes rows above the last id, not what two snapshots differ in',
    isOfOneBroker: true,
  },
  'deleted-before-append': {
    what: 'the outbox’s rows are marked as done before they are appended',
    isOfOneBroker: true,
  },
  'dead-letter-without-offset': { what: 'a dead letter is written in another transaction than the offset' },
};

/** What is planted in the database. */
export async function plantInDatabase(plant: string, probe: TransactionsProbe): Promise<void> {
  if (plant === 'no-claim-fence') {
    await probe.plant('commit_claim_v1', [
      ['if not found then', 'if false then'],
      ['if newest is distinct from in_mark then', 'if false then'],
      ['(in_claim_id, in_mark + 1,', '(in_claim_id, newest + 1,'],
    ]);
  }
  if (plant === 'sequence-cursor') {
    await probe.execute(CURSOR_INDEX);
    const lastId = `(select coalesce(max(l.id), 0) from (
      (select s.id from postlog.outbox s where pg_visible_in_snapshot(s.xid, m.sequenced) order by s.id desc limit 1)) l)`;
    await probe.plant('read_outbox_v1', [
      ['where o.xid >= pg_snapshot_xmax(m.sequenced)', `where o.id > ${lastId}`],
      ['where o.xid = any (array(select pg_snapshot_xip(m.sequenced)))', 'where false'],
    ]);
  }
  if (plant === 'deleted-before-append') {
    await probe.plant('sequence_outbox_v1', APPEND_ONLY);
  }
}

interface PatchedClaim {
  commitText(to: unknown): unknown;
  commitIn(transaction: unknown, to: unknown): Promise<void>;
}

interface PatchedWriter {
  write(record: unknown, failure: unknown, transaction: unknown): Promise<void>;
}

interface PatchedDatabase {
  query(statement: { readonly name: string }, parameters?: readonly unknown[]): Promise<unknown[]>;
}

/** What is planted in a worker's process, behind the library's back. */
export async function plantInWorker(plant: string, options: WorkerOptions): Promise<void> {
  if (plant === 'offset-outside-transaction') {
    const { Claim } = await internals<{ Claim: { prototype: PatchedClaim } }>('delivery/claim.js');
    const pool = new pg.Pool({ ...clientSettings(options), max: 2 });
    pool.on('error', () => {});
    const { prototype } = Claim;
    const text = methodOf<PatchedClaim['commitText']>(prototype, 'commitText');
    const commitApart = async (claim: PatchedClaim, to: unknown) =>
      void (await pool.query(String(text.call(claim, to))));
    prototype.commitText = async function commitTextApart(this: PatchedClaim, to: unknown) {
      await commitApart(this, to);
      return NOTHING;
    };
    prototype.commitIn = function commitInApart(this: PatchedClaim, _transaction: unknown, to: unknown) {
      return commitApart(this, to);
    };
  }
  if (plant === 'dead-letter-without-offset') await plantLettersApart(options);
  if (plant === 'deleted-before-append') {
    const { Database } = await internals<{ Database: { prototype: PatchedDatabase } }>('postgres/database.js');
    const { prototype } = Database;
    const query = methodOf<PatchedDatabase['query']>(prototype, 'query');
    prototype.query = async function markFirst(this: PatchedDatabase, statement, parameters = []) {
      const isAppending = statement.name === 'sequence_outbox' && (parameters[7] as unknown[]).length > 0;
      if (!isAppending) return query.call(this, statement, parameters);
      const [fence, mark, ...rest] = parameters;
      const next = rest.slice(0, 4);
      const marked = await query.call(this, statement, [fence, mark, ...next, [], [], [], [], [], Buffer.alloc(0)]);
      if (marked.length > 0) return marked;
      await new Promise((wake) => setTimeout(wake, 20));
      return query.call(this, statement, [fence, null, ...rest]);
    };
  }
}

/** Each in a transaction of its own, which commits first. */
async function plantLettersApart(options: WorkerOptions): Promise<void> {
  const { DeadLetterWriter } = await internals<{ DeadLetterWriter: { prototype: PatchedWriter } }>(
    'client/dead-letter-writer.js',
  );
  const pool = new pg.Pool({ ...clientSettings(options), max: 2 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const { prototype } = DeadLetterWriter;
  const write = methodOf<PatchedWriter['write']>(prototype, 'write');
  prototype.write = async function writeApart(this: PatchedWriter, record, failure, transaction) {
    if (transaction === undefined) return write.call(this, record, failure, undefined);
    return inTransaction(pool, (client) => write.call(this, record, failure, client));
  };
}

async function internals<T>(file: string): Promise<T> {
  return (await import(new URL(`../../../../packages/core/dist/${file}`, import.meta.url).href)) as T;
}

function methodOf<T>(prototype: object, name: string): T {
  return Object.getOwnPropertyDescriptor(prototype, name)!.value as T;
}
