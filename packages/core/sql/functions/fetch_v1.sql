-- Reads record batches of many partitions under one snapshot, bounded by bytes.
--
-- Arrays run in parallel; `ordinal` (from 1) says which request a row answers. Partitions without news answer nothing.
-- `reader` 0: a consumer at the leader, shown what lies below the high watermark (rule A3); 1: a follower, shown everything;
-- 2: a consumer at any replica, below that replica's own mark. leader_epochs: what the reader believes in (rule C20), -1 for nothing.
-- A refused one answers a row with an error code and no batch; one whose news found no room any more answers a row
-- without either. The first row that is read is returned whatever its
-- size, else a large batch would stall its partition for ever (rule A5). A fetch inside a batch returns that whole batch.
-- A table that was never analysed must not be sorted as a whole for one fetch, nor thousands of partitions be matched with
-- their ends one by one, hence the planner settings.
-- The function is stable: every statement in it, the segment map included, sees the caller's snapshot.
create function postlog.fetch_v1(
  partition_ids integer[],
  fetch_offsets bigint[],
  leader_epochs integer[],
  reader integer,
  partition_max_bytes integer,
  max_bytes integer,
  until timestamptz
) returns table (
  ordinal integer, error_code integer, log_start_offset bigint, high_watermark bigint,
  partition_id integer, base_offset bigint, last_offset bigint, leader_epoch integer, batch bytea,
  max_timestamp bigint, producer_id bigint, producer_epoch integer, base_sequence bigint
)
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_nestloop = off
set plan_cache_mode = force_generic_plan
as $$
declare
  q record;
  b record;
  segment_to_read integer;
  read_from bigint;
  partition_bytes integer;
  total_bytes integer := 0;
  is_full boolean;
  rows_to_read refcursor;
begin
  for q in
    select x.*
      from (
        select a.ordinality::integer as ordinal, a.partition_id, a.fetch_offset, e.log_start_offset, e.log_end_offset, e.high_watermark,
               case when reader = 1 then e.log_end_offset else e.high_watermark end as visible_end,
               case
                 when e.log_end_offset is null then 3
                 when reader <> 2 and (e.role <> 'leader' or e.lead_until <= clock_timestamp()) then 6
                 when a.leader_epoch >= 0 and a.leader_epoch < e.leader_epoch then 74
                 when a.leader_epoch > e.leader_epoch then 75
                 when a.fetch_offset < e.log_start_offset or a.fetch_offset > e.log_end_offset then 1
                 else 0
               end as error_code
          from unnest(partition_ids, fetch_offsets, leader_epochs) with ordinality a(partition_id, fetch_offset, leader_epoch)
          left join postlog.log_ends_v1(partition_ids) e on e.partition_id = a.partition_id) x
     where x.error_code <> 0 or x.fetch_offset < x.visible_end
     order by x.ordinal
  loop
    ordinal := q.ordinal;
    partition_id := q.partition_id;
    log_start_offset := q.log_start_offset;
    high_watermark := q.high_watermark;
    base_offset := null;
    last_offset := null;
    leader_epoch := null;
    batch := null;
    error_code := q.error_code;
    if error_code <> 0 then
      return next;
      continue;
    end if;

    read_from := q.fetch_offset;
    partition_bytes := 0;
    is_full := total_bytes >= max_bytes or clock_timestamp() > until;
    while not is_full and read_from < q.visible_end loop
      segment_to_read := (
        select m.segment_id
          from postlog.replica_segment m
         where m.partition_id = q.partition_id and m.base_offset <= read_from
         order by m.base_offset desc
         limit 1);
      exit when segment_to_read is null;
      execute format('select postlog.read_in_segment_%s($1, $2)', segment_to_read) into rows_to_read using q.partition_id, read_from;
      loop
        fetch rows_to_read into b;
        exit when not found;
        -- The mark lies between batches: whole ones are appended, fetched and acknowledged.
        is_full := b.base_offset >= q.visible_end
                or total_bytes > 0 and total_bytes + b.size_bytes > max_bytes
                or partition_bytes > 0 and partition_bytes + b.size_bytes > partition_max_bytes
                or total_bytes > 0 and clock_timestamp() > until;
        exit when is_full;
        partition_bytes := partition_bytes + b.size_bytes;
        total_bytes := total_bytes + b.size_bytes;
        base_offset := b.base_offset;
        last_offset := b.last_offset;
        leader_epoch := b.leader_epoch;
        batch := b.batch;
        max_timestamp := b.max_timestamp;
        producer_id := b.producer_id;
        producer_epoch := b.producer_epoch;
        base_sequence := b.base_sequence;
        return next;
        read_from := b.last_offset + 1;
      end loop;
      close rows_to_read;
      -- The segment ended (or 1000 batches were read): go on in the next one of the map, or stop where there is none.
      if not is_full and read_from < q.visible_end then
        segment_to_read := (
          select m.segment_id
            from postlog.replica_segment m
           where m.partition_id = q.partition_id and m.base_offset = read_from);
        is_full := segment_to_read is null;
      end if;
    end loop;
    if partition_bytes = 0 then
      return next;
    end if;
  end loop;
end
$$;
