-- Creates a topic with all its partitions in one transaction; answers its id, or null when the name is taken.
create function postlog.create_topic_v1(
  in_topic text,
  partition_count integer,
  in_replication_factor integer,
  in_config jsonb,
  partitions_per_chain integer
) returns uuid
language plpgsql as $$
declare
  new_topic_id uuid;
begin
  perform postlog.demand_alone_v1();
  insert into postlog.topic (topic, replication_factor, config)
  values (in_topic, in_replication_factor, in_config)
  on conflict (topic) do nothing
  returning topic_id into new_topic_id;
  if new_topic_id is not null then
    perform postlog.create_partitions_v1(new_topic_id, 0, partition_count, partitions_per_chain);
  end if;
  return new_topic_id;
end
$$;
