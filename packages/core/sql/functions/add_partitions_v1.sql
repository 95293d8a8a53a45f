-- Raises a topic's number of partitions to `partition_count`; answers how many it had, or null when there is no such
-- topic. A topic that has as many or more stays as it is: the caller sees it by the answer.
create function postlog.add_partitions_v1(
  in_topic text,
  partition_count integer,
  partitions_per_chain integer
) returns integer
language plpgsql as $$
declare
  found_topic_id uuid;
  old_count integer;
begin
  perform postlog.demand_alone_v1();
  select t.topic_id into found_topic_id from postlog.topic t where t.topic = in_topic for update;
  if found_topic_id is null then
    return null;
  end if;
  old_count := (select count(*) from postlog.topic_partition r where r.topic_id = found_topic_id);
  if old_count < partition_count then
    perform postlog.create_partitions_v1(found_topic_id, old_count, partition_count, partitions_per_chain);
  end if;
  return old_count;
end
$$;
