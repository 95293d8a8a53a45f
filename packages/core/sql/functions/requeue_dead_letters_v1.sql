-- Appends records again and notes the dead letters that they were as handled, both or neither.
--
-- Arrays from `partition_ids` on are append_v1's: one batch for each partition, ascending. Raises, and changes nothing, when one of the dead letters
-- was handled meanwhile, or when a partition refuses its batch. What is below the log start was handled, and its note is gone.
create function postlog.requeue_dead_letters_v1(
  letter_partition_ids integer[],
  letter_offsets bigint[],
  partition_ids integer[],
  record_counts integer[],
  max_timestamps bigint[],
  sizes integer[],
  batches bytea
) returns void
language plpgsql volatile
as $$
declare
  nobody bigint[] := array_fill(-1::bigint, array[cardinality(partition_ids)]);
  unknown integer[] := array_fill(-1, array[cardinality(partition_ids)]);
  noted integer;
  refusal record;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'requeue_dead_letters_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;

  -- Who notes the same one at the same time waits here, in one order for everybody.
  insert into postlog.handled_dead_letter (partition_id, record_offset)
  select l.partition_id, l.record_offset
    from unnest(letter_partition_ids, letter_offsets) l(partition_id, record_offset)
   order by l.partition_id, l.record_offset
  on conflict do nothing;
  get diagnostics noted = row_count;
  -- The log start is read after the insert: it moves on, for good, before the notes below it go.
  if noted < cardinality(letter_offsets) or exists (
    select from unnest(letter_partition_ids, letter_offsets) l(partition_id, record_offset)
      join postlog.replica r on r.partition_id = l.partition_id and l.record_offset < r.log_start_offset
  ) then
    raise exception 'some of the dead letters are handled already' using errcode = 'PL009';
  end if;

  select a.partition_id, a.error_code into refusal
    from postlog.append_v1(partition_ids, unknown, record_counts, max_timestamps, nobody, unknown, unknown, sizes, batches, false) a
   where a.error_code <> 0
   limit 1;
  if found then
    raise exception 'partition % refused dead letters with error code %', refusal.partition_id, refusal.error_code using errcode = 'PL010';
  end if;
end
$$;
