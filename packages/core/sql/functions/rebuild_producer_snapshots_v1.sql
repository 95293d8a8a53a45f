-- Makes the producer snapshots of a partition anew after its log was cut at `log_end`: from what is left in closed segments, and from what the
-- snapshots themselves say of batches that retention took away earlier. The caller holds the replica row's lock.
create function postlog.rebuild_producer_snapshots_v1(in_partition_id integer, log_end bigint, begins_anew boolean) returns void
language plpgsql volatile as $$
declare
  newest integer;
  closed_segment integer;
begin
  select max(p.segment_id) into newest from postlog.producer_snapshot p where p.partition_id = in_partition_id;
  if newest is null or begins_anew then
    delete from postlog.producer_snapshot p where p.partition_id = in_partition_id;
    return;
  elsif not exists (select from postlog.producer_snapshot p, unnest(p.base_offsets) b(base_offset)
                     where p.partition_id = in_partition_id and b.base_offset >= log_end) then
    return;
  end if;

  create temporary table if not exists postlog_known_batches (
    producer_id bigint, producer_epoch integer, base_sequence bigint, record_count integer, base_offset bigint, appended_at timestamptz
  ) on commit delete rows;
  insert into postlog_known_batches
  select p.producer_id, b.*, p.last_appended_at
    from postlog.producer_snapshot p,
         unnest(p.producer_epochs, p.base_sequences, p.record_counts, p.base_offsets) b(producer_epoch, base_sequence, record_count, base_offset)
   where p.partition_id = in_partition_id and b.base_offset < log_end;
  for closed_segment in
    select m.segment_id from postlog.replica_segment m join postlog.segment g using (segment_id)
     where m.partition_id = in_partition_id and g.has_snapshot
  loop
    execute format('
      insert into postlog_known_batches
      select s.producer_id, s.producer_epoch, s.base_sequence, (s.last_offset - s.base_offset + 1)::integer, s.base_offset, s.appended_at
        from postlog.segment_%s s
       where s.partition_id = $1 and s.producer_id >= 0', closed_segment) using in_partition_id;
  end loop;

  delete from postlog.producer_snapshot p where p.partition_id = in_partition_id;
  insert into postlog.producer_snapshot (partition_id, producer_id, segment_id, producer_epochs, base_sequences,
                                         record_counts, base_offsets, last_appended_at)
  select in_partition_id, k.producer_id, newest, array_agg(k.producer_epoch order by k.place), array_agg(k.base_sequence order by k.place),
         array_agg(k.record_count order by k.place), array_agg(k.base_offset order by k.place), max(k.appended_at)
    from (select d.*, row_number() over (partition by d.producer_id order by d.base_offset desc) as place
            from (select distinct on (b.producer_id, b.base_offset) b.* from postlog_known_batches b
                   order by b.producer_id, b.base_offset) d) k
   where k.place <= 5
   group by k.producer_id;
end
$$;
