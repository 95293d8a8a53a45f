-- Removes this broker's replicas of some partitions: their rows at once, segment tables that nobody else uses later.
create function postlog.delete_replicas_v1(in_partition_ids integer[]) returns void
language plpgsql volatile as $$
declare
  left_chains integer[];
begin
  -- In the order that appends lock them; an append that waits finds no row and answers UNKNOWN_TOPIC_OR_PARTITION.
  perform from postlog.replica where partition_id = any (in_partition_ids) order by partition_id for update;
  with removed as (delete from postlog.replica where partition_id = any (in_partition_ids) returning chain_id)
  select array_agg(distinct r.chain_id) into left_chains from removed r;
  delete from postlog.leader_epoch where partition_id = any (in_partition_ids);
  delete from postlog.replica_segment where partition_id = any (in_partition_ids);
  delete from postlog.producer_snapshot where partition_id = any (in_partition_ids);
  delete from postlog.watermark_checkpoint where partition_id = any (in_partition_ids);
  delete from postlog.soft_watermark where partition_id = any (in_partition_ids);
  delete from postlog.follower_progress where partition_id = any (in_partition_ids);
  with chains as (
    delete from postlog.segment_chain c
     where c.chain_id = any (left_chains)
       and not exists (select from postlog.replica r where r.chain_id = c.chain_id)
    returning c.chain_id
  )
  update postlog.segment g set state = 'dropped', changed_at = clock_timestamp()
    from chains c where g.chain_id = c.chain_id;
end
$$;
