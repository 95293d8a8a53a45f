-- The last batches (at most five, newest first) that a producer appended to a partition: from the active segment, from
-- the one before it as long as that has no snapshot, and from the newest snapshot.
--
-- Called under the replica row's lock, when the active segment alone does not settle whether a batch is the next one.
create function postlog.producer_batches_v1(
  in_partition_id integer,
  in_producer_id bigint,
  active_segment_id integer
) returns table (producer_epoch integer, base_sequence bigint, record_count integer, base_offset bigint)
language plpgsql as $$
declare
  segment_to_read integer := active_segment_id;
begin
  while segment_to_read is not null loop
    return query execute format('
      select s.producer_epoch, s.base_sequence, (s.last_offset - s.base_offset + 1)::integer, s.base_offset
        from postlog.segment_%s s
       where s.partition_id = $1 and s.producer_id = $2 and s.producer_id >= 0
       order by s.producer_epoch desc, s.base_sequence desc
       limit 5', segment_to_read) using in_partition_id, in_producer_id;

    -- A roll is refused while an earlier closed segment has no snapshot (roll_segment_v1), so this finds at most one.
    segment_to_read := (
      select m.segment_id
        from postlog.replica_segment m
        join postlog.segment g using (segment_id)
       where m.partition_id = in_partition_id and m.segment_id < segment_to_read and not g.has_snapshot
       order by m.base_offset desc
       limit 1);
  end loop;

  return query
    select b.*
      from (select * from postlog.producer_snapshot p
             where p.partition_id = in_partition_id and p.producer_id = in_producer_id
             order by p.segment_id desc limit 1) p,
           unnest(p.producer_epochs, p.base_sequences, p.record_counts, p.base_offsets)
             as b(producer_epoch, base_sequence, record_count, base_offset);
end
$$;
