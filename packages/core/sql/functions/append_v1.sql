-- Appends one record batch to each of several partitions, and answers an offset or an error code for each.
--
-- Arrays run in parallel, in ascending order of partition id (one lock order for everybody); `batches` holds the batches'
-- bytes one after another. For each partition: lock the replica row and compare the fence in it (role, leader epoch; and
-- whether this broker may still lead); where all in-sync replicas shall have the records, count them (rule B15); then, in the active segment's own function, look at the producer's last batch, read the tail through the
-- primary key, insert. Every statement of a volatile function sees what committed before it, and the lock lasts to the
-- commit, so offsets are dense and never given twice.
-- Refusals are data: the function raises only for a broken caller. leader_epoch -1 means that the caller knows none.
create function postlog.append_v1(
  partition_ids integer[],
  leader_epochs integer[],
  record_counts integer[],
  max_timestamps bigint[],
  producer_ids bigint[],
  producer_epochs integer[],
  base_sequences integer[],
  sizes integer[],
  batches bytea,
  needs_isr boolean
) returns table (
  partition_id integer, error_code integer, base_offset bigint, log_start_offset bigint, leader_epoch integer, is_replicated boolean,
  isr_size integer
)
language plpgsql volatile
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  r record;
  position integer := 1;
  lead_until timestamptz := (select b.lead_until from postlog.broker b);
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append_v1 runs under read committed only' using errcode = 'PL002';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'local', true);
  end if;

  for i in 1 .. cardinality(partition_ids) loop
    if i > 1 and partition_ids[i] <= partition_ids[i - 1] then
      raise exception 'partition ids must ascend' using errcode = 'PL001';
    end if;
    partition_id := partition_ids[i];
    error_code := 0;
    base_offset := null;
    log_start_offset := null;
    leader_epoch := null;
    is_replicated := null;
    isr_size := null;

    select p.role, p.leader_epoch, p.active_segment_id, p.log_start_offset, p.min_isr, p.isr, cardinality(p.replicas) > 1 as is_replicated
      into r
      from postlog.replica p
     where p.partition_id = partition_ids[i]
       for no key update;

    if not found then
      error_code := 3;
    elsif r.role <> 'leader' or lead_until <= clock_timestamp() then
      error_code := 6;
    elsif leader_epochs[i] >= 0 and leader_epochs[i] <> r.leader_epoch then
      error_code := case when leader_epochs[i] < r.leader_epoch then 74 else 75 end;
    elsif needs_isr and cardinality(r.isr) < r.min_isr then
      error_code := 19;
    end if;

    if error_code = 0 then
      log_start_offset := r.log_start_offset;
      leader_epoch := r.leader_epoch;
      is_replicated := r.is_replicated;
      isr_size := cardinality(r.isr);
      -- Sequence check, tail and insert: statements of the segment's own, planned once a session.
      execute format('select * from postlog.append_to_segment_%s($1, $2, $3, $4, $5, $6, $7, $8)', r.active_segment_id)
        into error_code, base_offset
        using partition_ids[i], r.leader_epoch, record_counts[i], max_timestamps[i], producer_ids[i], producer_epochs[i],
              base_sequences[i], case when cardinality(sizes) = 1 then batches else substring(batches from position for sizes[i]) end;
    end if;
    position := position + sizes[i];
    return next;
  end loop;
end
$$;
