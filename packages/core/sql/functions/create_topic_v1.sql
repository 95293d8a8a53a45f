-- Creates a topic with all its partitions in one transaction; answers its id, or null when the name is taken.
--
-- `partitions_per_chain` partitions share a chain of segment tables, which bounds tables and locks: a topic of 3000
-- partitions needs some dozens of tables, not thousands.
create function postlog.create_topic_v1(
  in_topic text,
  partition_count integer,
  in_replication_factor integer,
  in_config jsonb,
  in_broker_id integer,
  partitions_per_chain integer
) returns uuid
language plpgsql as $$
declare
  new_topic_id uuid;
  new_chain_id integer;
  new_segment_id integer;
  first_partition integer := 0;
begin
  insert into postlog.topic (topic, replication_factor, config)
  values (in_topic, in_replication_factor, in_config)
  on conflict (topic) do nothing
  returning topic_id into new_topic_id;
  if new_topic_id is null then
    return null;
  end if;

  while first_partition < partition_count loop
    insert into postlog.segment_chain (topic_id) values (new_topic_id) returning chain_id into new_chain_id;
    new_segment_id := postlog.create_segment_v1(new_chain_id, 'open');

    with created as (
      insert into postlog.replica (topic_id, partition, broker_id, role, chain_id, active_segment_id)
      select new_topic_id, p.partition, in_broker_id, 'leader', new_chain_id, new_segment_id
        from generate_series(first_partition, least(first_partition + partitions_per_chain, partition_count) - 1) p(partition)
      returning partition_id
    ), epochs as (
      insert into postlog.leader_epoch (partition_id, leader_epoch, start_offset)
      select c.partition_id, 0, 0 from created c
    )
    insert into postlog.replica_segment (partition_id, base_offset, segment_id)
    select c.partition_id, 0, new_segment_id from created c;

    first_partition := first_partition + partitions_per_chain;
  end loop;
  update postlog.metadata_version set version = version + 1;
  return new_topic_id;
end
$$;
