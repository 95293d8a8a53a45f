-- Appends composed batches to the log and moves the outbox's mark, both or neither.
--
-- Locks the sequencer's lease row and compares its epoch in it; then the mark must be the one that the plan was made from. If either is not
-- so, one row without a partition is the answer and nothing happened. Arrays are append_v1's, for several rounds one after another:
-- round_ends says where each round ends, and within a round partition ids ascend. A partition that does not exist any more (error code 3)
-- loses its records, as it loses all others; any other refusal ends the call and leaves everything as it was.
create function postlog.sequence_outbox_v1(
  in_lease_epoch bigint,
  in_mark bigint,
  new_sequenced pg_snapshot,
  new_window pg_snapshot,
  new_done_transaction bigint,
  new_done_id bigint,
  round_ends integer[],
  partition_ids integer[],
  record_counts integer[],
  max_timestamps bigint[],
  sizes integer[],
  batches bytea
) returns table (partition_id integer, error_code integer, base_offset bigint)
language plpgsql volatile
as $$
declare
  first integer := 1;
  position integer := 1;
  last integer;
  bytes integer;
  nobody bigint[];
  unknown integer[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'sequence_outbox_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;
  perform 1 from postlog.lease l where l.name = 'outbox-sequencer' and l.lease_epoch = in_lease_epoch for no key update;
  if not found or in_mark is distinct from (select o.mark from postlog.outbox_mark o order by o.mark desc limit 1) then
    return next;
    return;
  end if;

  foreach last in array round_ends loop
    bytes := (select sum(s.size) from unnest(sizes[first:last]) s(size));
    nobody := array_fill(-1::bigint, array[last - first + 1]);
    unknown := array_fill(-1, array[last - first + 1]);
    for partition_id, error_code, base_offset in
      select a.partition_id, a.error_code, a.base_offset
        from postlog.append_v1(
               partition_ids[first:last], unknown, record_counts[first:last], max_timestamps[first:last], nobody, unknown, unknown,
               sizes[first:last], substring(batches from position for bytes), false) a
    loop
      if error_code not in (0, 3) then
        raise exception 'partition % refused records of the outbox with error code %', partition_id, error_code using errcode = 'PL004';
      end if;
      return next;
    end loop;
    first := last + 1;
    position := position + bytes;
  end loop;

  insert into postlog.outbox_mark (mark, sequenced, window_snapshot, done_transaction, done_id)
  values (in_mark + 1, new_sequenced, new_window, new_done_transaction, new_done_id);
end
$$;
