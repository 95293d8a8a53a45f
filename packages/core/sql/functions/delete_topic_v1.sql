-- Deletes a topic by name: its rows at once, its segment tables later. Answers whether it existed.
create function postlog.delete_topic_v1(in_topic text) returns boolean
language plpgsql volatile as $$
declare
  gone uuid;
  gone_partitions integer[];
begin
  perform postlog.demand_alone_v1();
  delete from postlog.topic where topic = in_topic returning topic_id into gone;
  if gone is null then
    return false;
  end if;
  with removed as (delete from postlog.topic_partition where topic_id = gone returning partition_id)
  select array_agg(r.partition_id) into gone_partitions from removed r;
  perform postlog.delete_replicas_v1(gone_partitions);
  delete from postlog.committed_offset where partition_id = any (gone_partitions);
  delete from postlog.parked_record where partition_id = any (gone_partitions);
  delete from postlog.handled_dead_letter where partition_id = any (gone_partitions);
  update postlog.metadata_version set version = version + 1;
  return true;
end
$$;
