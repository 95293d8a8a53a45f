-- Makes the partitions of a topic from `first_partition` on, up to `partition_count`, led by this broker, which is alone.
create function postlog.create_partitions_v1(
  in_topic_id uuid,
  first_partition integer,
  partition_count integer,
  partitions_per_chain integer
) returns void
language plpgsql as $$
declare
  created integer[];
begin
  with inserted as (
    insert into postlog.topic_partition (topic_id, partition)
    select in_topic_id, p from generate_series(first_partition, partition_count - 1) p
    returning partition_id
  )
  select array_agg(i.partition_id order by i.partition_id) into created from inserted i;
  perform postlog.create_replicas_v1(in_topic_id, created, (select b.broker_id from postlog.broker b), partitions_per_chain);
  update postlog.metadata_version set version = version + 1;
end
$$;
