-- Deletes a topic by name: its rows at once, its segment tables later. Answers whether it existed.
create function postlog.delete_topic_v1(in_topic text) returns boolean
language plpgsql volatile as $$
declare
  gone uuid;
  gone_partitions integer[];
begin
  delete from postlog.topic where topic = in_topic returning topic_id into gone;
  if gone is null then
    return false;
  end if;
  -- In the order that appends lock them; an append that waits finds no row and answers UNKNOWN_TOPIC_OR_PARTITION.
  perform from postlog.replica where topic_id = gone order by partition_id for update;
  with removed as (delete from postlog.replica where topic_id = gone returning partition_id)
  select array_agg(r.partition_id) into gone_partitions from removed r;
  delete from postlog.leader_epoch where partition_id = any (gone_partitions);
  delete from postlog.replica_segment where partition_id = any (gone_partitions);
  delete from postlog.producer_snapshot where partition_id = any (gone_partitions);
  delete from postlog.committed_offset where partition_id = any (gone_partitions);
  with chains as (delete from postlog.segment_chain where topic_id = gone returning chain_id)
  update postlog.segment g set state = 'dropped', changed_at = clock_timestamp()
    from chains c where g.chain_id = c.chain_id;
  update postlog.metadata_version set version = version + 1;
  return true;
end
$$;
