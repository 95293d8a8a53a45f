-- Closes a segment that no replica appends to any more and keeps what its producers' retries need to be recognised.
--
-- Writes, for every producer of every partition of the chain, its last five batches up to this segment's end: those in
-- the segment, before them those of the newest earlier snapshot. Producers silent for longer than `expire_after` are left
-- out (rule E40). Off the hot path: a segment without active replicas never changes again. Answers whether it closed.
create function postlog.close_segment_v1(in_segment_id integer, expire_after interval) returns boolean
language plpgsql volatile as $$
declare
  in_chain_id integer;
begin
  select g.chain_id into in_chain_id
    from postlog.segment g
   where g.segment_id = in_segment_id and g.state in ('open', 'closed') and not g.has_snapshot
     for update;
  if not found or exists (select from postlog.replica p where p.active_segment_id = in_segment_id) then
    return false;
  end if;

  execute format('
    with stored as (
      select s.partition_id, s.producer_id, s.producer_epoch, s.base_sequence,
             (s.last_offset - s.base_offset + 1)::integer as record_count, s.base_offset, s.appended_at
        from postlog.segment_%1$s s
       where s.producer_id >= 0
    ), earlier as (
      select distinct on (p.partition_id, p.producer_id) p.*
        from postlog.producer_snapshot p
        join postlog.replica r on r.partition_id = p.partition_id and r.chain_id = $2
       order by p.partition_id, p.producer_id, p.segment_id desc
    ), known as (
      select * from stored
      union all
      select e.partition_id, e.producer_id, b.producer_epoch, b.base_sequence, b.record_count, b.base_offset, e.last_appended_at
        from earlier e,
             unnest(e.producer_epochs, e.base_sequences, e.record_counts, e.base_offsets)
               as b(producer_epoch, base_sequence, record_count, base_offset)
    ), ranked as (
      select k.*, row_number() over newest as place
        from known k
      window newest as (partition by k.partition_id, k.producer_id order by k.base_offset desc)
    )
    insert into postlog.producer_snapshot (partition_id, producer_id, segment_id, producer_epochs, base_sequences,
                                           record_counts, base_offsets, last_appended_at)
    select k.partition_id, k.producer_id, $1,
           array_agg(k.producer_epoch order by k.place), array_agg(k.base_sequence order by k.place),
           array_agg(k.record_count order by k.place), array_agg(k.base_offset order by k.place), max(k.appended_at)
      from ranked k
     where k.place <= 5
     group by k.partition_id, k.producer_id
    having max(k.appended_at) > clock_timestamp() - $3', in_segment_id)
    using in_segment_id, in_chain_id, expire_after;

  delete from postlog.producer_snapshot p
   using postlog.replica r
   where r.partition_id = p.partition_id and r.chain_id = in_chain_id and p.segment_id < in_segment_id;
  update postlog.segment set state = 'closed', has_snapshot = true, changed_at = clock_timestamp()
   where segment_id = in_segment_id;
  return true;
end
$$;
