/** What stands in the place of a commit that was made apart. */
export const NOTHING = /* sql */ `select 1`;

/** Lets the planted cursor find the last id. */
export const CURSOR_INDEX = /* sql */ `create index faults_outbox_id on postlog.outbox (id)`;

/** sequence_outbox_v1 without a mark appends and leaves the mark alone. */
export const APPEND_ONLY = [
  ['or in_mark is distinct from (', 'or in_mark is not null and in_mark is distinct from ('],
  [
    'values (in_mark + 1, new_sequenced, new_window, new_done_transaction, new_done_id);',
    'select in_mark + 1, new_sequenced, new_window, new_done_transaction, new_done_id where in_mark is not null;',
  ],
] as const;
