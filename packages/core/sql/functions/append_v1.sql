-- Appends one record batch to each of several partitions, and answers an offset or an error code for each.
--
-- Arrays run in parallel, in ascending order of partition id (one lock order for everybody); `batches` holds the batches'
-- bytes one after another. For each partition: lock the replica row and compare the fence in it (role, leader epoch,
-- lead_until); look at the producer's last batch; read the tail through the primary key; insert. Every statement of a
-- volatile function sees what committed before it, and the lock lasts to the commit, so offsets are dense and never given twice.
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
  batches bytea
) returns table (partition_id integer, error_code integer, base_offset bigint, log_start_offset bigint, leader_epoch integer)
language plpgsql volatile
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  r record;
  last record;
  checked record;
  position integer := 1;
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

    select p.role, p.leader_epoch, p.lead_until, p.active_segment_id, p.log_start_offset
      into r
      from postlog.replica p
     where p.partition_id = partition_ids[i]
       for no key update;

    if not found then
      error_code := 3;
    elsif r.role <> 'leader' or r.lead_until <= clock_timestamp() then
      error_code := 6;
    elsif leader_epochs[i] >= 0 and leader_epochs[i] <> r.leader_epoch then
      error_code := case when leader_epochs[i] < r.leader_epoch then 74 else 75 end;
    end if;

    if error_code = 0 then
      log_start_offset := r.log_start_offset;
      leader_epoch := r.leader_epoch;

      execute format('
        select t.next_offset, p.producer_epoch, p.next_sequence
          from (values (0)) one
          left join lateral (
            select s.last_offset + 1 as next_offset
              from postlog.segment_%1$s s
             where s.partition_id = $1
             order by s.base_offset desc
             limit 1) t on true
          left join lateral (
            select s.producer_epoch, s.base_sequence + s.last_offset - s.base_offset + 1 as next_sequence
              from postlog.segment_%1$s s
             where s.partition_id = $1 and s.producer_id = $2 and s.producer_id >= 0
             order by s.producer_epoch desc, s.base_sequence desc
             limit 1) p on true', r.active_segment_id)
        into last using partition_ids[i], producer_ids[i];

      if producer_ids[i] < 0 then
        last.next_sequence := -1;
      elsif last.producer_epoch is distinct from producer_epochs[i]
         or (last.next_sequence & 2147483647) <> base_sequences[i] then
        select * into checked from postlog.check_sequence_v1(
          partition_ids[i], producer_ids[i], producer_epochs[i], base_sequences[i], record_counts[i], r.active_segment_id);
        error_code := checked.error_code;
        base_offset := checked.repeated_base_offset;
        last.next_sequence := checked.next_sequence;
      end if;
    end if;

    if error_code = 0 and base_offset is null then
      base_offset := coalesce(last.next_offset, (
        select m.base_offset
          from postlog.replica_segment m
         where m.partition_id = partition_ids[i]
         order by m.base_offset desc
         limit 1));
      execute format('
        insert into postlog.segment_%s (partition_id, base_offset, last_offset, leader_epoch, max_timestamp,
                                        producer_id, base_sequence, producer_epoch, size_bytes, batch)
        values ($1, $2, $2 + $3 - 1, $4, $5, $6, $7, $8, $9, substring($10 from $11 for $9))', r.active_segment_id)
        using partition_ids[i], base_offset, record_counts[i], r.leader_epoch, max_timestamps[i],
              producer_ids[i], last.next_sequence, producer_epochs[i], sizes[i], batches, position;
    end if;
    position := position + sizes[i];
    return next;
  end loop;
end
$$;
